import { rm } from "node:fs/promises";
import { daemonConnection } from "../connection/daemon.ts";
import type { Docker } from "../docker/docker.ts";
import { resolveEndpoint } from "../docker/endpoint-address.ts";
import type { Ledger } from "../ledger.ts";
import { ConflictError, codeOf, EnvironmentError, messageOf } from "../support/errors.ts";
import type { Logger } from "../support/logger.ts";
import { lives, type ProcessIdentity } from "../support/process-identity.ts";
import { end, processesMarked } from "../support/processes.ts";
import type { Route } from "../tunnel/route.ts";
import { startTunnel, type Tunnel, tunnelVariable } from "../tunnel/start.ts";

interface TunnelDeps {
  readonly docker: Docker;
  readonly ledger: Ledger;
  readonly logger: Logger;
  /** One that carries the daemon's connection already; it is recorded already too. */
  readonly tunnel: Tunnel | undefined;
}

/** A tunnel through one node of the cluster. */
export interface OpenTunnel {
  /** Carries a port of ours, or the next free one where it is only a wish. @returns its number */
  carry(route: Route, port: "exactly" | "if-free"): Promise<number>;
  /** Lets it go on without us. */
  leave(): void;
}

/**
 * Starts the tunnel's process and records it.
 * @param of node: the container that it goes through; joined: we are on the cluster's network ourselves.
 * @throws EnvironmentError when the daemon's endpoint is one that it cannot use.
 */
export async function openTunnel(
  of: { readonly owner: string; readonly node: string; readonly joined: boolean; readonly log: string },
  deps: TunnelDeps,
): Promise<OpenTunnel> {
  const { docker, logger } = deps;
  const endpoint = await resolveEndpoint(docker);
  const connection = endpoint === undefined ? undefined : daemonConnection(endpoint, docker.env);
  if (connection === undefined) throw unusable(endpoint?.host ?? "an unknown address");
  const tunnel = deps.tunnel ?? (await startRecorded(of, deps));
  const carry = async (route: Route) => {
    const { port, transport } = await tunnel.carry(route, { connection, node: of.node, joined: of.joined });
    logger.info(
      `tunnel: 127.0.0.1:${port} is the ${names[route.name]} (${transport === "direct" ? "directly, by the network kind" : `${transport}, through ${of.node}`})`,
    );
    return port;
  };
  return {
    carry: (route, wish) =>
      carry(route).catch((error: unknown) => {
        if (codeOf(error) !== "EADDRINUSE") throw failed(route, error);
        if (wish === "exactly") throw taken(route.port);
        return carry({ ...route, port: 0 });
      }),
    leave: () => tunnel.leave(),
  };
}

async function startRecorded(
  of: { readonly owner: string; readonly log: string },
  { docker, ledger }: TunnelDeps,
): Promise<Tunnel> {
  const intent = await ledger.intend({ resource: "tunnel" });
  const tunnel = await startTunnel(of.owner, docker.env, of.log);
  await recordTunnel(tunnel, intent);
  return tunnel;
}

/** Notes which process it is. */
export async function recordTunnel(
  { identity }: Tunnel,
  intent: { made(id: string): Promise<void> },
): Promise<void> {
  if (identity !== undefined) await intent.made(idOf(identity));
}

const names = { api: "API server", registry: "registry" } as const;

function idOf({ pid, startTime }: ProcessIdentity): string {
  return `${pid} ${startTime}`;
}

/** What is known of a tunnel that is to end. */
export interface TunnelRemains {
  /** Undefined for one whose start could not be recorded: it is found by its mark. */
  readonly process: ProcessIdentity | undefined;
  /** The file of the socket that it carries, for an ssh endpoint. */
  readonly socket: string | undefined;
}

/** Reads a ledger's id, and the DOCKER_HOST that was forwarded. */
export function tunnelRemains(id: string | undefined, forwarded: string | undefined): TunnelRemains {
  const [pid, startTime] = id?.split(" ") ?? [];
  return {
    process: pid === undefined ? undefined : { pid: Number(pid), startTime: startTime ?? "" },
    socket: forwarded?.replace(/^unix:\/\//, ""),
  };
}

/** Milliseconds: what was killed is gone in a few, unless the kernel itself hangs, and then nobody can help it. */
const goneWithin = 5_000;

/** Ends the tunnel of an owner, also one whose start could not be recorded. */
export async function endTunnel(owner: string, { process: recorded, socket }: TunnelRemains): Promise<void> {
  const marked = await processesMarked(tunnelVariable, owner);
  await Promise.all([...(recorded === undefined ? [] : [recorded]), ...marked].map((one) => end(one)));
  const until = Date.now() + goneWithin;
  while (recorded !== undefined && Date.now() < until && (await lives(recorded)))
    await new Promise((done) => setTimeout(done, 20));
  // Mostly in the folder that goes anyway; elsewhere where that one's path was too long for a socket.
  if (socket !== undefined) await rm(socket, { force: true });
}

function unusable(address: string): EnvironmentError {
  return new EnvironmentError({
    tried: "open a tunnel to the Docker daemon",
    seen: `its endpoint is ${address}`,
    todo: "use an endpoint of unix:// or tcp://, by docker-host, docker-context or DOCKER_HOST",
  });
}

function taken(port: number): ConflictError {
  return new ConflictError({
    tried: `bring the registry to localhost:${port}`,
    seen: `something began to listen on 127.0.0.1:${port} meanwhile`,
    todo: "give another registry-port, or end what listens there",
  });
}

function failed(route: Route, error: unknown): EnvironmentError {
  return new EnvironmentError(
    {
      tried: `bring the ${names[route.name]} to this machine's localhost`,
      seen: messageOf(error),
      todo: "see the tunnel's log below, and whether the daemon still answers (`docker info`)",
    },
    { cause: error },
  );
}

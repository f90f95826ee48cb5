import { readFile, writeFile } from "node:fs/promises";
import type { Docker } from "../docker/docker.ts";
import { registryContainerPort } from "../docker/labels.ts";
import type { Ledger } from "../ledger.ts";
import type { Plan, TakenReach } from "../plan/plan.ts";
import { severalControlPlanesAfar } from "../plan/reach.ts";
import type { Clock } from "../support/clock.ts";
import { EnvironmentError } from "../support/errors.ts";
import type { Logger } from "../support/logger.ts";
import { apiTarget, type Route } from "../tunnel/route.ts";
import type { Tunnel } from "../tunnel/start.ts";
import { proveCarried } from "./await-localhost.ts";
import { atLocalPort } from "./kubeconfig.ts";
import { joinKindNetwork } from "./membership.ts";
import type { Reach } from "./reach.ts";
import { apiServerIn, askForApiServer } from "./reach-api.ts";
import type { RunningRegistry } from "./registry.ts";
import { openTunnel } from "./tunnel.ts";

interface ReachDeps {
  readonly docker: Docker;
  readonly ledger: Ledger;
  readonly logger: Logger;
  readonly clock: Clock;
  /** The one that carries the daemon's connection, for an ssh endpoint. */
  readonly tunnel: Tunnel | undefined;
}

/** A registry and whether our own localhost has it. */
export interface SeenRegistry {
  readonly running: RunningRegistry;
  readonly reach: Reach;
}

/**
 * What was asked for, against what the trial says.
 * @throws EnvironmentError when the strategy that was given cannot be, or kind cannot do it on such a daemon.
 */
export function holdToConstraint(reach: Reach, plan: Plan): void {
  const { constraint } = plan.reach;
  if (!reach.ours && constraint === "must-be-ours") {
    throw new EnvironmentError({
      tried: "go the way of strategy: vm-local",
      seen: `${reach.seen}: Docker's loopback is not this machine's`,
      todo: "leave strategy at auto, or give remote-docker: a tunnel brings the ports here then",
    });
  }
  if (reach.ours && constraint === "must-be-elsewhere") {
    throw new EnvironmentError({
      tried: "go the way of strategy: remote-docker",
      seen: "what Docker publishes on its loopback is on this machine's localhost already: Docker is not elsewhere",
      todo: "leave strategy at auto, or give vm-local; or name the other daemon by docker-host or docker-context",
    });
  }
  const controlPlanes = plan.cluster.config.nodes.filter(({ role }) => role === "control-plane").length;
  if (!reach.ours && controlPlanes > 1)
    throw severalControlPlanesAfar(controlPlanes, `${reach.seen}, so Docker is on another machine`);
}

/**
 * Brings API server and registry to our own localhost where they are not there yet. The cluster's private
 * kubeconfig then names our end.
 * @returns the way that it is, and a proof to wait for: that the registry answers through it.
 */
export async function bringWithinReach(
  plan: Plan,
  registry: SeenRegistry | undefined,
  deps: ReachDeps,
): Promise<{ readonly taken: TakenReach; readonly proven: Promise<void> }> {
  const { kubeconfig } = plan.files;
  const api = apiServerIn(await readFile(kubeconfig, "utf8"));
  // A registry of an earlier step may be here by that one's tunnel, so it tells nothing of this cluster.
  const own = plan.registry.kind === "container" ? registry?.reach : undefined;
  const reach = own ?? (await askForApiServer(api));
  holdToConstraint(reach, plan);
  const registryIsHere = registry === undefined || registry.reach.ours;
  if (reach.ours && registryIsHere)
    return { taken: direct(registry !== undefined), proven: Promise.resolve() };

  const { jobContainer } = plan.reach;
  const joined = jobContainer !== undefined && (await joinKindNetwork(jobContainer, plan.engine, deps));
  const tunnel = await openTunnel(
    { owner: plan.owner, node: controlPlaneOf(plan), joined, log: plan.files.tunnelLog },
    deps,
  );
  try {
    await Promise.all([
      reach.ours
        ? undefined
        : tunnel
            .carry({ name: "api", port: api.port, target: apiTarget }, "if-free")
            .then((port) => pointTo(kubeconfig, port)),
      registryIsHere ? undefined : tunnel.carry(routeOf(registry.running), "exactly"),
    ]);
  } finally {
    tunnel.leave();
  }
  const proven = registryIsHere ? Promise.resolve() : proveCarried(registry.running, deps);
  proven.catch(() => {}); // it is awaited with what overlaps it
  const seen = reach.ours ? "" : reach.seen;
  return { taken: through(seen, joined), proven };
}

function controlPlaneOf({ cluster }: Plan): string {
  return cluster.config.nodes.find(({ role }) => role === "control-plane")?.name ?? "";
}

function routeOf({ name, port }: RunningRegistry): Route {
  return { name: "registry", port, target: { host: name, port: registryContainerPort } };
}

async function pointTo(kubeconfig: string, port: number): Promise<void> {
  await writeFile(kubeconfig, atLocalPort(await readFile(kubeconfig, "utf8"), port), { mode: 0o600 });
}

function direct(withRegistry: boolean): TakenReach {
  const who = withRegistry ? "the registry of this run answers" : "the cluster's API server answers";
  return { way: "direct", why: `${who} on this machine's localhost` };
}

function through(seen: string, joined: boolean): TakenReach {
  const by = joined ? "the job's container joins kind's network, and a tunnel" : "a tunnel";
  const why = `${seen}: what Docker publishes on its loopback is not here, so ${by} brings it`;
  return { way: "tunnel", why };
}

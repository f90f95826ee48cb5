import { mkdir, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type SshArgs, sshArgs } from "../connection/ssh.ts";
import { refusal } from "../docker/refusal.ts";
import { endTunnel, type TunnelRemains } from "../resources/tunnel.ts";
import { EnvironmentError, messageOf } from "../support/errors.ts";
import { startTunnel, type Tunnel } from "../tunnel/start.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** An ssh endpoint as we use it: its daemon's socket here, over one connection. */
export interface SshEndpoint {
  readonly tunnel: Tunnel;
  /** DOCKER_HOST for all that follows. */
  readonly host: string;
  readonly way: keyof SshArgs;
}

/** The kernel's limit for the path of a socket, less its closing zero; ssh adds 17 characters while it makes one. */
const longestPath = 107 - 17;

/**
 * Connects once where the daemon is at an ssh address; undefined where it is not. Each docker command would log in
 * anew: kind makes some hundred of them.
 * @param folder of this use of the step: the socket and the log are there.
 * @throws EnvironmentError with ssh's words.
 */
export async function connectBySsh(
  address: string,
  owner: string,
  folder: string,
  env: Env,
): Promise<SshEndpoint | undefined> {
  const inFolder = join(folder, "docker.sock");
  const socket = inFolder.length <= longestPath ? inFolder : join(tmpdir(), `kind-ci-${owner}.sock`);
  const args = sshArgs(address, socket);
  if (args === undefined) return undefined;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const tunnel = await startTunnel(owner, env, join(folder, "tunnel.log"));
  try {
    return { tunnel, host: `unix://${socket}`, way: await tunnel.ssh(args, socket) };
  } catch (error) {
    await endTunnel(owner, { process: tunnel.identity, socket });
    await removeFolder(folder);
    throw new EnvironmentError(refusal(messageOf(error)), { cause: error });
  }
}

/** What is to end when the connection is of no more use. */
export function tunnelRemainsOf({ tunnel, host }: SshEndpoint): TunnelRemains {
  return { process: tunnel.identity, socket: host.replace(/^unix:\/\//, "") };
}

/** The folder of a use that made nothing; the job's goes with the last use of the step in it. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await rmdir(dirname(folder)).catch(() => {});
}

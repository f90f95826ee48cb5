import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ownerVariable } from "../connection/endpoint.ts";
import type { SshArgs } from "../connection/ssh.ts";
import { identify, type ProcessIdentity } from "../support/process-identity.ts";
import type { Answer, CarryRequest, Request } from "./messages.ts";
import type { Route } from "./route.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Marks the tunnel's processes with our owner id: they end last, after what is done through them. */
export const tunnelVariable = "KIND_CI_TUNNEL";

/** Milliseconds for one request: ssh may take its time to log in, and nobody is there for a key that asks. */
const patience = 60_000;

/** The tunnel as main holds it. */
export interface Tunnel {
  readonly identity: ProcessIdentity | undefined;
  /** Carries a port; resolves with its number and the transport's name. @throws TunnelError */
  carry(
    route: Route,
    by: Pick<CarryRequest, "connection" | "node" | "joined">,
  ): Promise<{ port: number; transport: string }>;
  /** Brings the daemon's socket to `socket` by ssh; resolves with the way. @throws TunnelError with ssh's words */
  ssh(args: SshArgs, socket: string): Promise<keyof SshArgs>;
  /** Lets it go on without us. */
  leave(): void;
}

/** The tunnel's process refused, or ended. */
class TunnelError extends Error {
  override readonly name = "TunnelError";
  readonly code: string | undefined;
  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Starts the tunnel's process: in a group of its own, holding nothing of ours but the log, so that it outlives
 * this step and no runner waits for it. It keeps the runner's mark and dies with the job.
 */
export async function startTunnel(owner: string, env: Env, logFile: string): Promise<Tunnel> {
  const { [ownerVariable]: _marked, ...others } = env;
  const out = openSync(logFile, "a", 0o600);
  const child = spawn(process.execPath, [bundlePath()], {
    detached: true,
    cwd: "/",
    env: { ...others, [tunnelVariable]: owner },
    stdio: ["ignore", out, out, "ipc"],
  });
  closeSync(out);
  const waiting = new Map<number, (answer: Answer | TunnelError) => void>();
  let ended: TunnelError | undefined;
  const end = (why: string) => {
    ended = new TunnelError(why);
    for (const settle of waiting.values()) settle(ended);
    waiting.clear();
  };
  child.on("error", (error) => end(`the tunnel's process could not be started: ${error.message}`));
  child.on("exit", (code, signal) => end(`the tunnel's process ended (${signal ?? `exit code ${code}`})`));
  child.on("message", (answer: Answer) => {
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  child.unref();
  let count = 0;
  type Asked = { port: number; transport: string };
  const ask = (request: (id: number) => Request): Promise<Asked> =>
    new Promise((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      const id = ++count;
      const silent = setTimeout(() => {
        waiting.delete(id);
        reject(new TunnelError(`nothing was heard for ${patience / 1000} seconds`));
      }, patience);
      waiting.set(id, (answer) => {
        clearTimeout(silent);
        if (answer instanceof TunnelError) return reject(answer);
        if ("error" in answer) return reject(new TunnelError(answer.error, answer.code));
        resolve({ port: answer.port, transport: answer.transport });
      });
      child.send(request(id));
    });
  return {
    identity: child.pid === undefined ? undefined : await identify(child.pid),
    carry: (route, by) => ask((id) => ({ id, what: "carry", route, ...by })),
    async ssh(args, socket) {
      const { transport } = await ask((id) => ({ id, what: "ssh", args, socket }));
      return transport === "withSession" ? transport : "forwardOnly";
    },
    leave() {
      if (!child.connected) return;
      child.send({ what: "stay" } satisfies Request, () => {
        if (child.connected) child.disconnect();
      });
    },
  };
}

/** Beside the bundle that we are in. */
function bundlePath(): string {
  return join(dirname(fileURLToPath(import.meta.url)), "tunnel-process.cjs");
}

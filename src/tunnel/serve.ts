import { engineApi } from "../docker/engine-api.ts";
import { codeOf, messageOf } from "../support/errors.ts";
import { directTransport } from "./direct-transport.ts";
import { forward } from "./forwarder.ts";
import { nodeGone, nodeId } from "./life.ts";
import type { Answer, CarryRequest, Request, SshRequest } from "./messages.ts";
import { apiTarget } from "./route.ts";
import { keepSsh } from "./ssh-connection.ts";
import { streamTransport } from "./stream-transport.ts";
import type { Transport } from "./transport.ts";

/** Milliseconds that a connection to the daemon is kept after the cluster has gone: down works through it. */
const graceOfSsh = 120_000;

/**
 * The tunnel's process: carries what main asks for, outlives it, and ends by itself when its node is gone, or
 * when main goes before there was a node.
 */
export function serveTunnel(): void {
  let transport: Promise<Transport> | undefined;
  let grace = 0;
  let stays = false;

  async function carry(request: CarryRequest): Promise<Answer> {
    transport ??= begin(request, grace);
    const ready = await transport;
    const { port } = await forward(request.route, () => ready, log);
    ready.prepare(request.route.target);
    log(`${request.route.name}: 127.0.0.1:${port} by ${ready.name}`);
    return { id: request.id, port, transport: ready.name };
  }

  async function ssh({ id, args, socket }: SshRequest): Promise<Answer> {
    grace = graceOfSsh;
    return { id, port: 0, transport: await keepSsh(args, socket, log) };
  }

  process.on("message", (request: Request) => {
    if (request.what === "stay") {
      stays = true;
      return;
    }
    const work = request.what === "carry" ? carry(request) : ssh(request);
    void work
      .catch((error: unknown) => ({ id: request.id, error: messageOf(error), code: codeOf(error) }))
      .then((answer) => {
        // A main that has gone meanwhile does not want it any more.
        if (process.connected) process.send?.(answer, undefined, undefined, () => {});
      });
  });
  process.on("disconnect", () => {
    if (transport === undefined && !stays) quit();
  });
  // A runner ends its job's processes so; nothing is to be told to anybody.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, quit);
}

async function begin({ connection, node, joined }: CarryRequest, grace: number): Promise<Transport> {
  const api = engineApi(connection);
  const id = await nodeId(api, node);
  void nodeGone(api, id).then((reason) => {
    log(`ends${grace === 0 ? "" : " soon"}: ${reason}`);
    setTimeout(quit, grace);
  });
  return (joined ? await tryDirect(node) : undefined) ?? streamTransport(api, id, log);
}

/** The way that costs least, where it is one. */
async function tryDirect(node: string): Promise<Transport | undefined> {
  const direct = directTransport(node);
  try {
    (await direct.open(apiTarget)).destroy();
    return direct;
  } catch (error) {
    log(`no direct way to ${node}: ${messageOf(error)}`);
    return undefined;
  }
}

/** With all that is in our process group, ssh among it. */
function quit(): never {
  process.removeAllListeners("SIGTERM");
  process.kill(-process.pid, "SIGTERM");
  process.exit(0);
}

// A disk that is full costs words, and no connection.
process.stdout.on("error", () => {});

/** To the file that main has opened as stdout. */
function log(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
}

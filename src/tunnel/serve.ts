import { engineApi } from "../docker/engine-api.ts";
import { codeOf, messageOf } from "../support/errors.ts";
import { forward } from "./forwarder.ts";
import { nodeGone, nodeId } from "./life.ts";
import type { CarryAnswer, CarryRequest } from "./messages.ts";
import { streamTransport } from "./stream-transport.ts";
import type { Transport } from "./transport.ts";

/**
 * The tunnel's process: carries what main asks for, outlives it, and ends by itself when its node is gone, or
 * when main goes before it asked for anything.
 */
export function serveTunnel(): void {
  let transport: Promise<Transport> | undefined;
  const answer = (message: CarryAnswer) => {
    // A main that has gone meanwhile does not want it any more.
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  };
  process.on("message", (request: CarryRequest) => {
    transport ??= begin(request);
    transport
      .then(async (ready) => {
        const { port } = await forward(request.route, () => ready, log);
        log(`${request.route.name}: 127.0.0.1:${port} by ${ready.name}`);
        answer({ id: request.id, port, transport: ready.name });
      })
      .catch((error: unknown) => answer({ id: request.id, error: messageOf(error), code: codeOf(error) }));
  });
  process.on("disconnect", () => {
    if (transport === undefined) process.exit(0);
  });
  // A runner ends its job's processes so; nothing is to be told to anybody.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(0));
}

async function begin({ connection, node }: CarryRequest): Promise<Transport> {
  const api = engineApi(connection);
  const id = await nodeId(api, node);
  void nodeGone(api, id).then((reason) => {
    log(`ends: ${reason}`);
    process.exit(0);
  });
  return streamTransport(api, id, log);
}

/** To the file that main has opened as stdout. */
function log(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
}

import { createServer, type Server, type Socket } from "node:net";
import type { Carrier } from "../docker/exec-stream.ts";
import type { Route } from "./route.ts";
import type { Transport } from "./transport.ts";

/** A port of ours that is carried. */
export interface Forwarder {
  readonly port: number;
  close(): void;
}

/**
 * Listens on our loopback and carries each connection. Each direction is piped, so that a slow reader holds
 * up its own writer and nobody else.
 * @throws a system error when the port is taken.
 */
export function forward(
  route: Route,
  transport: () => Transport,
  log: (line: string) => void,
): Promise<Forwarder> {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
    client.on("error", () => client.destroy());
    transport()
      .open(route.target)
      .then(
        (carrier) => join(client, carrier, (why) => log(`${route.name}: ${why}`)),
        (error: unknown) => {
          log(`${route.name}: no way to the other side: ${String(error)}`);
          client.resetAndDestroy();
        },
      );
  });
  return listen(server, route.port);
}

function join(client: Socket, carrier: Carrier, log: (line: string) => void): void {
  const drop = () => {
    client.destroy();
    carrier.destroy();
  };
  if (client.destroyed) {
    drop();
    return;
  }
  // Cut off in the middle: the client must see that, and not an orderly end.
  const cut = (error?: Error) => {
    if (error !== undefined && !client.destroyed) log(error.message);
    client.resetAndDestroy();
    carrier.destroy();
  };
  client.on("error", drop);
  carrier.input.on("error", cut);
  carrier.output.on("error", cut);
  client.pipe(carrier.input);
  carrier.output.pipe(client);
  // Gone, and not only done with sending: the other side is let go at once.
  client.on("close", drop);
  carrier.output.on("end", () => carrier.destroy());
  // What a client says after the other side's end is for nobody; read, so that its own end is noticed.
  carrier.input.on("close", () => client.resume());
  carrier.output.on("close", () => {
    if (!carrier.output.readableEnded) cut();
  });
}

function listen(server: Server, port: number): Promise<Forwarder> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port, exclusive: true, backlog: 511 }, () => {
      server.removeListener("error", reject);
      server.on("error", () => {}); // a connection that could not be taken in is its client's trouble
      const address = server.address();
      resolve({
        port: typeof address === "object" && address !== null ? address.port : port,
        close: () => server.close(),
      });
    });
  });
}

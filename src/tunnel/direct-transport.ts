import { connect, type Socket } from "node:net";
import type { Target } from "./route.ts";
import type { Transport } from "./transport.ts";

/** Milliseconds that a connection may take: the two are on one machine's bridge. */
const patience = 3_000;

/** Where we are on the cluster's own network: plain TCP to its nodes and to the registry, by their names. */
export function directTransport(node: string): Transport {
  return {
    name: "direct",
    prepare() {},
    async open({ host, port }) {
      // What the node calls its loopback is the node from here.
      const socket = await connected({ host: host === "127.0.0.1" ? node : host, port });
      return { input: socket, output: socket, destroy: () => socket.destroy() };
    },
  };
}

function connected({ host, port }: Target): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    socket.setTimeout(patience, () => socket.destroy(new Error(`${host}:${port} does not answer`)));
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.removeListener("error", reject);
      resolve(socket);
    });
  });
}

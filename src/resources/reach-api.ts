import { connect } from "node:tls";
import { parse } from "yaml";
import * as z from "zod";
import { messageOf } from "../support/errors.ts";
import type { Reach } from "./reach.ts";

const kubeconfig = z.object({
  clusters: z
    .array(z.object({ cluster: z.object({ server: z.string(), "certificate-authority-data": z.string() }) }))
    .min(1),
});

export interface ApiServer {
  /** On whose loopback it is, is the question; `::1` where the cluster speaks IPv6 alone. */
  readonly host: string;
  readonly port: number;
  /** PEM of the authority that this cluster alone has. */
  readonly authority: string;
}

/** Where kind's kubeconfig says that the API server is. @throws Error when the text is not kind's. */
export function apiServerIn(text: string): ApiServer {
  const [first] = kubeconfig.parse(parse(text)).clusters;
  const { hostname, port } = new URL(first?.cluster.server ?? "");
  return {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port),
    authority: Buffer.from(first?.cluster["certificate-authority-data"] ?? "", "base64").toString("utf8"),
  };
}

/** Milliseconds for the handshake: on loopback it takes a few. */
const patience = 3_000;

/**
 * Whether the API server of this very cluster is on our localhost: its certificate is from the authority that kind
 * has made for it. For where there is no registry of this run to ask.
 */
export function askForApiServer({ host, port, authority }: ApiServer): Promise<Reach> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, ca: authority, servername: "localhost" });
    const settle = (reach: Reach) => {
      socket.destroy();
      resolve(reach);
    };
    const not = (seen: string) => settle({ ours: false, seen: `localhost:${port} ${seen}` });
    socket.setTimeout(patience, () => not("does not answer"));
    socket.once("secureConnect", () => settle({ ours: true }));
    socket.once("error", (error) => not(`is not the cluster's API server (${messageOf(error)})`));
  });
}

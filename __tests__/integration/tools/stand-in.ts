import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export type Reply = (response: ServerResponse, request: IncomingMessage) => void;

export interface StandIn {
  /** `http://127.0.0.1:<port>` */
  readonly base: string;
  readonly port: number;
  /** What was asked for, in order. */
  readonly requests: { readonly path: string; readonly headers: IncomingMessage["headers"] }[];
  readonly server: Server;
}

/** A server on loopback, for one test. Of several replies to a path each is given once, the last for ever. */
export async function standIn(replies: Readonly<Record<string, Reply | readonly Reply[]>>): Promise<StandIn> {
  const requests: StandIn["requests"] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const turn = requests.filter((earlier) => earlier.path === path).length;
    requests.push({ path, headers: request.headers });
    const known = [replies[path] ?? status(404)].flat();
    (known[turn] ?? known.at(-1) ?? status(404))(response, request);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  const { port } = server.address() as AddressInfo;
  return { base: `http://127.0.0.1:${port}`, port, requests, server };
}

export const body =
  (content: string | Buffer): Reply =>
  (response) => {
    response.setHeader("content-length", Buffer.byteLength(content));
    response.end(content);
  };

export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Reply =>
  (response) => {
    response.writeHead(code, headers).end("no\n");
  };

export const redirect = (location: string): Reply => status(302, { location });

/** Promises the whole, sends a part, and breaks the connection. */
export const broken =
  (content: Buffer): Reply =>
  (response) => {
    response.setHeader("content-length", content.length);
    response.write(content.subarray(0, 100), () => response.destroy());
  };

/** Promises the whole, sends a part, and then nothing. */
export const silent =
  (content: Buffer): Reply =>
  (response) => {
    response.setHeader("content-length", content.length);
    response.write(content.subarray(0, 100));
  };

export const sha256 = (content: string | Buffer): string =>
  createHash("sha256").update(content).digest("hex");

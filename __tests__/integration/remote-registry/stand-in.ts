import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";

export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface StandIn {
  readonly host: string;
  readonly origin: string;
  readonly asked: Asked[];
}

/** A server on loopback that answers as `answer` says, until the test ends. It keeps what it was asked. */
export async function standIn(answer: (asked: Asked, self: StandIn) => Answer): Promise<StandIn> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => void respond(request, response)).listen(0, "127.0.0.1");
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const one = {
      method: request.method ?? "",
      path: request.url ?? "",
      authorization: request.headers.authorization,
      body,
    };
    asked.push(one);
    const { status, headers, body: text = "" } = answer(one, self);
    response.writeHead(status, headers).end(typeof text === "string" ? text : JSON.stringify(text));
  };
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const host = `127.0.0.1:${address.port}`;
  const self = { host, origin: `http://${host}`, asked };
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return self;
}

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** An error as registries write it. */
export function errors(code: string, message: string) {
  return { errors: [{ code, message }] };
}

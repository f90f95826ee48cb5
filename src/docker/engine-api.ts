import { readFileSync } from "node:fs";
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { DaemonConnection, DaemonTls } from "../connection/daemon.ts";

/**
 * The Engine API over the daemon's own connection, for what the docker command is too slow for (the tunnel's streams), or
 * may be too old for. Paths have no version in front, so the daemon's own newest one is spoken.
 */
export interface EngineApi {
  /** A call with a JSON body and answer. @throws EngineError for a refusal, a system error for no connection. */
  call(method: "GET" | "POST", path: string, body?: object): Promise<unknown>;
  /** A call that turns the connection into a stream. `early` is what came with the answer's head. */
  hijack(path: string, body: object): Promise<{ readonly stream: Duplex; readonly early: Buffer }>;
}

/** The daemon answered with an error. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Milliseconds that an answer may take: a daemon that hangs must not hold a connection's setup for ever. */
const patience = 30_000;
/** Milliseconds of silence after which the other side is asked whether it is still there. */
const keptAlive = 15_000;

export function engineApi(connection: DaemonConnection): EngineApi {
  return {
    call: (method, path, body) => call(connection, method, path, body),
    hijack: (path, body) => hijack(connection, path, body),
  };
}

function call(connection: DaemonConnection, method: string, path: string, body?: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = start(connection, method, path, body, {});
    asked.on("error", reject);
    asked.on("response", (response) => {
      textOf(response)
        .then((text) => {
          const status = response.statusCode ?? 0;
          if (status >= 400) return reject(new EngineError(status, messageIn(text)));
          resolve(text === "" ? undefined : JSON.parse(text));
        })
        .catch(reject);
    });
  });
}

function hijack(
  connection: DaemonConnection,
  path: string,
  body: object,
): Promise<{ stream: Duplex; early: Buffer }> {
  return new Promise((resolve, reject) => {
    const asked = start(connection, "POST", path, body, { Connection: "Upgrade", Upgrade: "tcp" });
    asked.on("error", reject);
    asked.on("upgrade", (_response: IncomingMessage, stream: Duplex, early: Buffer) =>
      resolve({ stream, early }),
    );
    asked.on("response", (response) => {
      textOf(response).then(
        (text) => reject(new EngineError(response.statusCode ?? 0, messageIn(text))),
        reject,
      );
    });
  });
}

function start(
  connection: DaemonConnection,
  method: string,
  path: string,
  body: object | undefined,
  headers: Record<string, string>,
): ClientRequest {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const options: RequestOptions = {
    method,
    path,
    agent: false,
    timeout: patience,
    headers: {
      ...headers,
      // A socket has no host, but the header must have a valid one. Over TLS it would be what is checked.
      ...(connection.kind === "socket" ? { Host: "docker" } : {}),
      ...(text === undefined
        ? {}
        : { "Content-Type": "application/json", "Content-Length": String(Buffer.byteLength(text)) }),
    },
  };
  const asked = open(connection, options);
  asked.on("timeout", () => asked.destroy(new Error(`the daemon did not answer ${method} ${path}`)));
  // The time limit is for the answer; a stream may be idle for as long as it likes.
  const unlimited = () => asked.setTimeout(0);
  asked.once("response", unlimited);
  asked.once("upgrade", unlimited);
  asked.once("socket", (socket) => {
    // A daemon that is gone without a word, as behind a router that forgot the connection, is noticed within half a minute.
    socket.setKeepAlive(true, keptAlive);
    // Node sets it for TCP, and not for TLS: each small write after another would wait 40 ms for the daemon's word.
    socket.setNoDelay(true);
  });
  asked.end(text);
  return asked;
}

function open(connection: DaemonConnection, options: RequestOptions): ClientRequest {
  if (connection.kind === "socket") return httpRequest({ ...options, socketPath: connection.path });
  const { host, port, tls } = connection;
  if (tls === undefined) return httpRequest({ ...options, host, port });
  return httpsRequest({ ...options, host, port, ...tlsFiles(tls), rejectUnauthorized: tls.verify });
}

function tlsFiles({ folder }: DaemonTls): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  const files: { ca?: Buffer; cert?: Buffer; key?: Buffer } = {};
  for (const name of ["ca", "cert", "key"] as const) {
    try {
      files[name] = readFileSync(join(folder, `${name}.pem`));
    } catch {
      // Which of them are needed is the daemon's to say.
    }
  }
  return files;
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const part of response) text += String(part);
  return text;
}

function messageIn(text: string): string {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === "object" && answer !== null && "message" in answer) return String(answer.message);
  } catch {
    // Not JSON: the text itself tells.
  }
  return text.trim();
}

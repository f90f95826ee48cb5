import * as http from "node:http";
import * as https from "node:https";
import { isIP, type Socket } from "node:net";
import { connect as startTls } from "node:tls";
import { proxyFor } from "./proxy.ts";
import { FinalError } from "./retry.ts";

/** What came back, its body not read yet. */
export interface Answer {
  readonly status: number;
  /** The first value of a header. */
  header(name: string): string | undefined;
  /** Ends with an error when the connection breaks before the announced length. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives up on the rest of the body. */
  discard(): void;
}

export interface ExchangeOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** One GET and its answer. Redirections are not followed. Rejects with the system's error. */
export type Exchange = (url: URL, options: ExchangeOptions) => Promise<Answer>;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The network, through the proxies that the environment names. Authorities of NODE_EXTRA_CA_CERTS are trusted
 * by Node.js itself.
 *
 * Node's own client and not undici: that ends the process when a server closes the connection while the body is
 * read slower than it comes (https://github.com/nodejs/undici/issues/5360, in all of undici 6).
 */
export function networkExchange(env: Env): Exchange {
  return async (url, options) => {
    const proxy = proxyFor(url, env);
    const response = await answerTo(
      await requestFor(url, options, proxy === undefined ? undefined : new URL(proxy)),
    );
    return {
      status: response.statusCode ?? 0,
      header: (name) => [response.headers[name.toLowerCase()] ?? []].flat()[0],
      body: response,
      discard: () => response.destroy(),
    };
  };
}

async function requestFor(
  url: URL,
  options: ExchangeOptions,
  proxy: URL | undefined,
): Promise<http.ClientRequest> {
  const { signal } = options;
  const headers = { "user-agent": "kind-ci-action", "accept-encoding": "identity", ...options.headers };
  // No connection is kept: none is used twice, and a kept one would keep the process.
  if (proxy === undefined) return clientOf(url).request(url, { headers, signal, agent: false });
  if (url.protocol === "http:") {
    const forProxy = { ...headers, host: url.host, ...credentials(proxy) };
    return clientOf(proxy).request(proxy, {
      ...withoutAuthorization,
      path: url.href,
      headers: forProxy,
      signal,
      agent: false,
    });
  }
  const socket = await tunnel(url, proxy, signal);
  const host = bare(url.hostname);
  const secured = { socket, host, ...(isIP(host) === 0 ? { servername: host } : {}) };
  return https.request(url, { headers, signal, createConnection: () => startTls(secured) });
}

/** A connection to the URL's host through the proxy. Rejects when the proxy refuses. */
function tunnel(url: URL, proxy: URL, signal: AbortSignal): Promise<Socket> {
  const target = `${url.hostname}:${url.port || 443}`;
  const headers = { host: target, ...credentials(proxy) };
  const request = clientOf(proxy).request(proxy, {
    ...withoutAuthorization,
    method: "CONNECT",
    path: target,
    headers,
    signal,
    agent: false,
  });
  return new Promise((resolve, reject) => {
    request.once("error", reject);
    request.once("connect", (response, socket) => {
      if (response.statusCode === 200) return resolve(socket);
      socket.destroy();
      const words = `the proxy ${proxy.host} answers ${response.statusCode} for ${target}`;
      // 407: it wants other credentials.
      reject(response.statusCode === 407 ? new FinalError(words) : new Error(words));
    });
    request.end();
  });
}

function answerTo(request: http.ClientRequest): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on("error", reject);
    request.once("response", (response) => {
      // What is discarded ends with an error, for which nobody waits then.
      response.on("error", () => {});
      resolve(response);
    });
    request.end();
  });
}

function clientOf({ protocol }: URL): typeof http | typeof https {
  return protocol === "https:" ? https : http;
}

/** Node would send the credentials of the proxy's URL to the server too, as Authorization. */
const withoutAuthorization = { auth: null } as const;

function credentials({ username, password }: URL): Record<string, string> {
  if (username === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** Without the brackets of an IPv6 address. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}

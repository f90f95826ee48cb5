import * as http from "node:http";
import * as https from "node:https";
import { isIP, type Socket } from "node:net";
import { connect as startTls } from "node:tls";
import { proxyFor } from "./proxy.ts";

/** What came back, its body not read yet. */
export interface Answer {
  readonly status: number;
  /** All values of a header, in order. */
  headers(name: string): readonly string[];
  /** Ends with an error when the connection breaks before the announced length. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives up on the rest of the body. */
  discard(): void;
}

export interface ExchangeOptions {
  /** GET without it. */
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

/** One request and its answer. Redirections are not followed. Rejects with the system's error. */
export type Exchange = (url: URL, options: ExchangeOptions) => Promise<Answer>;

type Env = Readonly<Record<string, string | undefined>>;

export interface Connections {
  /** PEM texts of the authorities that a server's certificate may be from, in place of Node's own. */
  readonly ca?: readonly string[] | undefined;
  /** Keep them for the next request to the same server, where no proxy is between. */
  readonly kept?: KeptConnections;
}

interface KeptConnections {
  readonly http: http.Agent;
  readonly https: https.Agent;
}

/**
 * Idle ones do not keep the process; they end before a server ends them, which it may do just when they are used again.
 * @param most To one server, at once.
 */
export function keptConnections(most: number): KeptConnections {
  const options = { keepAlive: true, maxSockets: most, timeout: 4_000 };
  return { http: new http.Agent(options), https: new https.Agent(options) };
}

/** The proxy did not let us through. */
export class ProxyRefusal extends Error {
  override readonly name = "ProxyRefusal";
  readonly status: number;
  constructor(proxy: URL, target: string, status: number) {
    super(`the proxy ${proxy.host} answers ${status} for ${target}`);
    this.status = status;
  }
}

/**
 * The network, through the proxies that the environment names. Authorities of NODE_EXTRA_CA_CERTS are trusted
 * by Node.js itself.
 *
 * Node's own client and not undici: that ends the process when a server closes the connection while the body is
 * read slower than it comes (https://github.com/nodejs/undici/issues/5360, in all of undici 6).
 */
export function networkExchange(env: Env, connections: Connections = {}): Exchange {
  return async (url, options) => {
    const proxy = proxyFor(url, env);
    const request = await requestFor(
      url,
      options,
      proxy === undefined ? undefined : new URL(proxy),
      connections,
    );
    const response = await answerTo(request, options.body);
    return {
      status: response.statusCode ?? 0,
      headers: (name) => response.headersDistinct[name.toLowerCase()] ?? [],
      body: response,
      discard: () => response.destroy(),
    };
  };
}

async function requestFor(
  url: URL,
  { method = "GET", headers: given, signal }: ExchangeOptions,
  proxy: URL | undefined,
  { ca, kept }: Connections,
): Promise<http.ClientRequest> {
  const headers = { "user-agent": "kind-ci-action", "accept-encoding": "identity", ...given };
  const tls = ca === undefined ? {} : { ca: [...ca] };
  if (proxy === undefined) {
    const agent = (url.protocol === "https:" ? kept?.https : kept?.http) ?? false;
    return clientOf(url).request(url, { method, headers, signal, agent, ...tls });
  }
  if (url.protocol === "http:") {
    const forProxy = { ...headers, host: url.host, ...credentials(proxy) };
    return clientOf(proxy).request(proxy, {
      ...withoutAuthorization,
      method,
      path: url.href,
      headers: forProxy,
      signal,
      agent: false,
    });
  }
  const socket = await tunnel(url, proxy, signal);
  const host = bare(url.hostname);
  const secured = { socket, host, ...tls, ...(isIP(host) === 0 ? { servername: host } : {}) };
  return https.request(url, { method, headers, signal, createConnection: () => startTls(secured) });
}

/** A connection to the URL's host through the proxy. @throws ProxyRefusal */
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
      reject(new ProxyRefusal(proxy, target, response.statusCode ?? 0));
    });
    request.end();
  });
}

function answerTo(request: http.ClientRequest, body: string | undefined): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on("error", reject);
    request.once("response", (response) => {
      // What is discarded ends with an error, for which nobody waits then.
      response.on("error", () => {});
      resolve(response);
    });
    request.end(body);
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

/** Milliseconds that `Retry-After` asks for; it comes in seconds or as a date. Undefined where it is neither. */
export function retryAfterOf(answer: Pick<Answer, "headers">, now: number): number | undefined {
  const [value = ""] = answer.headers("retry-after");
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

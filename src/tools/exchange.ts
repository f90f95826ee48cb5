import type { Dispatcher } from "undici";

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

const connectTimeout = 15_000;

/**
 * The network, through the proxies that the environment names: https_proxy, http_proxy and no_proxy, in either
 * case. Authorities of NODE_EXTRA_CA_CERTS are trusted by Node.js itself.
 */
export function networkExchange(env: Env): Exchange {
  const pools = new Map<string, Promise<Dispatcher>>();
  const poolFor = ({ protocol }: URL): Promise<Dispatcher> => {
    const pool = pools.get(protocol) ?? openPool(protocol, env);
    pools.set(protocol, pool);
    return pool;
  };
  return async (url, { headers, signal }) => {
    const dispatcher = await poolFor(url);
    const { request } = await import("undici");
    const answer = await request(url, {
      dispatcher,
      headers: { "user-agent": "kind-ci-action", "accept-encoding": "identity", ...headers },
      signal,
      // Waiting is measured by our own clock (download.ts).
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    // What is discarded ends with an error, which nobody waits for then.
    answer.body.on("error", () => {});
    return {
      status: answer.statusCode,
      header: (name) => [answer.headers[name.toLowerCase()] ?? []].flat()[0],
      body: answer.body as AsyncIterable<Uint8Array>,
      discard: () => answer.body.destroy(),
    };
  };
}

/** Loaded when the first request is made: a warm run makes none. */
async function openPool(protocol: string, env: Env): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent } = await import("undici");
  // No connection is kept: none is used twice, and a kept one would keep the process.
  const options = { pipelining: 0, connect: { timeout: connectTimeout } };
  const proxy = proxyFor(protocol, env);
  if (proxy === undefined) return new Agent(options);
  return new EnvHttpProxyAgent({ ...options, httpProxy: proxy, httpsProxy: proxy, noProxy: notProxied(env) });
}

/** http_proxy is not for https, as in all programs but undici. */
export function proxyFor(protocol: string, env: Env): string | undefined {
  const name = protocol === "https:" ? "https_proxy" : "http_proxy";
  return env[name] || env[name.toUpperCase()] || undefined;
}

/** Loopback is never behind a proxy: so has it Go, and with it kind and kubectl. */
export function notProxied(env: Env): string {
  const given = env["no_proxy"] || env["NO_PROXY"] || "";
  if (given.trim() === "*") return "*";
  return [given, "localhost", "127.0.0.1", "::1"].filter((part) => part !== "").join(",");
}

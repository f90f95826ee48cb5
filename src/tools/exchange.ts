import type { Dispatcher } from "undici";
import { proxyFor } from "./proxy.ts";

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
 * The network, through the proxies that the environment names. Authorities of NODE_EXTRA_CA_CERTS are trusted
 * by Node.js itself.
 */
export function networkExchange(env: Env): Exchange {
  const ways = new Map<string, Promise<Dispatcher>>();
  const wayTo = (url: URL): Promise<Dispatcher> => {
    const proxy = proxyFor(url, env);
    const way = ways.get(proxy ?? "") ?? openWay(proxy);
    ways.set(proxy ?? "", way);
    return way;
  };
  return async (url, { headers, signal }) => {
    const { request } = await import("undici");
    const answer = await request(url, {
      dispatcher: await wayTo(url),
      headers: { "user-agent": "kind-ci-action", "accept-encoding": "identity", ...headers },
      signal,
      // How long to wait is measured by our own clock (open.ts).
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    // What is discarded ends with an error, for which nobody waits then.
    answer.body.on("error", () => {});
    return {
      status: answer.statusCode,
      header: (name) => [answer.headers[name.toLowerCase()] ?? []].flat()[0],
      body: answer.body as AsyncIterable<Uint8Array>,
      discard: () => answer.body.destroy(),
    };
  };
}

/**
 * undici is loaded when the first request is made: a warm run makes none. ProxyAgent and not EnvHttpProxyAgent,
 * which writes a warning into the user's log and takes http_proxy for https too.
 */
async function openWay(proxy: string | undefined): Promise<Dispatcher> {
  const { Agent, ProxyAgent } = await import("undici");
  // No connection is kept: none is used twice, and a kept one would keep the process.
  const options = { pipelining: 0, connect: { timeout: connectTimeout } };
  return proxy === undefined ? new Agent(options) : new ProxyAgent({ ...options, uri: proxy });
}

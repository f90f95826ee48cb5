import { rootCertificates } from "node:tls";
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from "undici";

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "DELETE" | "PUT";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** All values of a header, in order. */
  headers(name: string): string[];
  /** At most `longestBody` characters. */
  readonly text: string;
}

/** Speaks HTTP: one pool of kept connections for all requests of a run. Never follows a redirection. */
export interface RegistryHttp {
  /** Rejects with the system's error (see unreachable.ts) when there is no answer. */
  request(request: HttpRequest): Promise<HttpAnswer>;
  /** Ends the kept connections; without it the process would live on for them. */
  close(): Promise<void>;
}

export interface HttpOptions {
  /** PEM text of private authorities, trusted besides the public ones. */
  readonly ca?: string | undefined;
  /** Proxies: https_proxy, http_proxy, no_proxy, in both cases. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const connections = 6;
const connectTimeout = 5_000;
/** From a request to the whole of its answer, in milliseconds. */
const answerTimeout = 15_000;
/** A page of 1000 tags or an image index is far below. */
const longestBody = 4 * 1024 * 1024;

export function registryHttp({ ca, env }: HttpOptions): RegistryHttp {
  const tls = ca === undefined ? {} : { ca: [...rootCertificates, ca] };
  const pools = new Map<string, Dispatcher>();
  const poolFor = ({ protocol }: URL): Dispatcher => {
    const pool = pools.get(protocol) ?? poolThrough(proxyOf(protocol, env), env, tls);
    pools.set(protocol, pool);
    return pool;
  };
  return {
    async request({ url, method, headers, body }) {
      const answer = await request(url, {
        method,
        dispatcher: poolFor(url),
        headers: { "user-agent": "kind-ci-action", ...headers },
        signal: AbortSignal.timeout(answerTimeout),
        ...(body === undefined ? {} : { body }),
      });
      const text = await textOf(answer.body);
      return {
        status: answer.statusCode,
        headers: (name) => [answer.headers[name.toLowerCase()] ?? []].flat(),
        text,
      };
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
      pools.clear();
    },
  };
}

function poolThrough(proxy: string | undefined, env: HttpOptions["env"], tls: { ca?: string[] }): Dispatcher {
  const options = { connections, connect: { ...tls, timeout: connectTimeout }, keepAliveTimeout: 10_000 };
  if (proxy === undefined) return new Agent(options);
  // Behind a proxy the TLS to the registry is set up by `requestTls`, which the type forgets.
  const proxied: EnvHttpProxyAgent.Options & { requestTls: object } = {
    ...options,
    requestTls: tls,
    httpProxy: proxy,
    httpsProxy: proxy,
    noProxy: withoutProxy(env),
  };
  return new EnvHttpProxyAgent(proxied);
}

/** http_proxy is not for https, as everywhere but in undici. */
function proxyOf(protocol: string, env: HttpOptions["env"]): string | undefined {
  const name = protocol === "https:" ? "https_proxy" : "http_proxy";
  return env[name] || env[name.toUpperCase()] || undefined;
}

/** Loopback is never behind a proxy: so has it Go, and with it Docker and containerd. */
function withoutProxy(env: HttpOptions["env"]): string {
  const given = env["no_proxy"] || env["NO_PROXY"] || "";
  return given.trim() === "*"
    ? "*"
    : [given, "localhost", "127.0.0.1", "::1"].filter((part) => part !== "").join(",");
}

async function textOf(body: Dispatcher.ResponseData["body"]): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > longestBody) break; // ends the connection too
  }
  return Buffer.concat(chunks).toString("utf8");
}

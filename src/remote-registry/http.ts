import { readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { messageOf } from "../support/errors.ts";
import { type Answer, keptConnections, networkExchange } from "../support/exchange.ts";

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "DELETE" | "PUT";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** All values of a header, in order. */
  headers(name: string): readonly string[];
  /** At most `longestBody` bytes of it. */
  readonly text: string;
}

/** Nobody answered, or not to the end. The cause is the system's error. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
  /** With its port where that is not the usual one. */
  readonly host: string;
  constructor({ host }: URL, cause: unknown) {
    super(messageOf(cause), { cause });
    this.host = host;
  }
}

/** Speaks HTTP: one pool of kept connections for all requests of a run. Never follows a redirection. */
export interface RegistryHttp {
  /** @throws NoAnswer */
  request(request: HttpRequest): Promise<HttpAnswer>;
}

export interface HttpOptions {
  /** PEM text of private authorities, trusted besides the public ones. */
  readonly ca?: string | undefined;
  /** Proxies: https_proxy, http_proxy, no_proxy, in both cases; NODE_EXTRA_CA_CERTS. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const connections = 6;
/** From a request to the whole of its answer, in milliseconds. */
const answerTimeout = 15_000;
/** A page of 1000 tags or an image index is far below. */
const longestBody = 4 * 1024 * 1024;

export function registryHttp({ ca, env }: HttpOptions): RegistryHttp {
  const authorities = ca === undefined ? undefined : [...usualOnes(env), ca];
  const exchange = networkExchange(env, { ca: authorities, kept: keptConnections(connections) });
  return {
    async request({ url, method, headers = {}, body }) {
      const signal = AbortSignal.timeout(answerTimeout);
      try {
        const answer = await exchange(url, { method, headers, body, signal });
        return { status: answer.status, headers: answer.headers, text: await textOf(answer) };
      } catch (error) {
        // Whatever the end of time broke, it is the reason.
        throw new NoAnswer(url, signal.aborted ? signal.reason : error);
      }
    },
  };
}

/** The authorities that Node.js trusts where it is given none: what is given replaces them. */
function usualOnes(env: HttpOptions["env"]): readonly string[] {
  const extra = env["NODE_EXTRA_CA_CERTS"] ?? "";
  try {
    return extra === "" ? rootCertificates : [...rootCertificates, readFileSync(extra, "utf8")];
  } catch {
    return rootCertificates; // Node.js has warned of it when it started
  }
}

async function textOf({ body }: Answer): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > longestBody) break; // ends the connection too
  }
  return Buffer.concat(chunks).toString("utf8");
}

import { codeOf, messageOf } from "../support/errors.ts";
import { ProxyRefusal } from "../support/exchange.ts";
import type { NoAnswer } from "./http.ts";
import type { RemoteRegistry } from "./reference.ts";

export interface Unreachable {
  readonly seen: string;
  readonly todo: string;
}

/** What the words need to know of how the registry was spoken to. */
export interface Spoken {
  readonly registry: Pick<RemoteRegistry, "origin" | "plainHttp">;
  /** The input remote-registry-ca was given. */
  readonly caGiven: boolean;
}

const privateAuthority = [
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
];
const notTls = ["EPROTO", "ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG"];
const cut = ["ECONNRESET", "EPIPE"];

/** Why there was no answer, and what to do, by the error of the request. */
export function whyUnreachable(error: NoAnswer, { registry, caGiven }: Spoken): Unreachable {
  const { host, cause } = error;
  const code = innermostCode(cause);
  const own = new URL(registry.origin).host;
  /** Its token server, or GitHub's API. */
  const unlessElsewhere = (todo: string) =>
    host === own ? todo : `see that this machine reaches ${host}, which ${own} needs`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return {
      seen: `there is no host ${nameOf(host)} (${code})`,
      todo: unlessElsewhere(
        "see that remote-registry is spelled right and that this machine's DNS knows the name",
      ),
    };
  }
  if (code === "ECONNREFUSED" || code === "EHOSTUNREACH" || code === "ENETUNREACH") {
    return {
      seen: `nothing answers at ${host} (${code})`,
      todo: unlessElsewhere("see that the registry runs, and that the port in remote-registry is its"),
    };
  }
  if (code !== undefined && privateAuthority.includes(code)) return unknownAuthority(host, caGiven, code);
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return {
      seen: `the certificate of ${host} is out of its time (${code})`,
      todo: "renew it, or set this machine's clock",
    };
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return {
      seen: `the certificate of ${host} is for other names`,
      todo: "use a name that the certificate has, or add this one to its subject alternative names",
    };
  }
  if (
    !registry.plainHttp &&
    ((code !== undefined && notTls.includes(code)) || /wrong version number/i.test(messageOf(error)))
  ) {
    return {
      seen: `${host} does not speak TLS; it seems to speak plain http`,
      todo: unlessElsewhere(
        "set remote-registry-plain-http: true if that is meant, or give the port of its https",
      ),
    };
  }
  if (code === "ETIMEDOUT" || (cause instanceof Error && cause.name === "TimeoutError")) {
    return {
      seen: `${host} did not answer in time`,
      todo: "see whether a firewall is between, and whether a proxy is needed (https_proxy, no_proxy)",
    };
  }
  if (code !== undefined && cut.includes(code)) {
    return {
      seen: `${host} cut the connection (${code})`,
      todo: "see the registry's log, and that it speaks what was tried",
    };
  }
  if (cause instanceof ProxyRefusal) {
    return { seen: cause.message, todo: "see https_proxy, http_proxy and no_proxy" };
  }
  return {
    seen: `${messageOf(error)}${code === undefined ? "" : ` (${code})`}`,
    todo: `see whether \`curl -v\` of ${host} fares better from this machine`,
  };
}

function unknownAuthority(host: string, caGiven: boolean, code: string): Unreachable {
  return caGiven
    ? {
        seen: `the certificate of ${host} is not signed by the authority in remote-registry-ca (${code})`,
        todo: "give the certificate of the authority that signed it, with those between",
      }
    : {
        seen: `the certificate of ${host} is signed by an authority that this machine does not know (${code})`,
        todo: "give that authority's certificate in remote-registry-ca",
      };
}

/** https servers answer plain http with 400 and these words (Go's net/http, nginx, Apache). */
export function isHttpsPortAnswer(text: string): boolean {
  return /HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL-enabled/i.test(
    text,
  );
}

/** Errors may be wrapped in each other; the innermost code is the cause. */
function innermostCode(error: unknown): string | undefined {
  const inner =
    error instanceof Error
      ? (error.cause ?? (error instanceof AggregateError ? (error.errors[0] as unknown) : undefined))
      : undefined;
  return (inner === undefined ? undefined : innermostCode(inner)) ?? codeOf(error);
}

function nameOf(host: string): string {
  return host.replace(/:\d+$/, "");
}

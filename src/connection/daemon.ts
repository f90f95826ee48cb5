import { homedir } from "node:os";
import { join } from "node:path";

type Env = Readonly<Record<string, string | undefined>>;

/** Where the daemon listens, for what must speak to it without the docker command. Plain data: it travels between processes. */
export type DaemonConnection =
  | { readonly kind: "socket"; readonly path: string }
  | {
      readonly kind: "tcp";
      readonly host: string;
      readonly port: number;
      readonly tls: DaemonTls | undefined;
    };

export interface DaemonTls {
  /** The folder with ca.pem, cert.pem and key.pem; a missing pair of client's files is tolerated, as docker does. */
  readonly folder: string;
  readonly verify: boolean;
}

/** What `docker context inspect` tells of the endpoint in use. */
export interface ContextEndpoint {
  readonly host: string;
  /** It is of a context with a name of its own: the variables for TLS say nothing of it. */
  readonly named: boolean;
  readonly skipTlsVerify: boolean;
  /** The folder of the context's TLS files; undefined when it has none. */
  readonly tlsFolder: string | undefined;
}

/**
 * The connection behind an endpoint. Undefined for one that only the docker command can use: ssh, a named pipe.
 * @see https://github.com/docker/cli/blob/master/cli/flags/options.go for the variables' meaning
 */
export function daemonConnection(endpoint: ContextEndpoint, env: Env): DaemonConnection | undefined {
  if (endpoint.host.startsWith("unix://"))
    return { kind: "socket", path: endpoint.host.slice("unix://".length) };
  const url = URL.canParse(endpoint.host) ? new URL(endpoint.host) : undefined;
  if (url?.protocol !== "tcp:" && url?.protocol !== "http:" && url?.protocol !== "https:") return undefined;
  return {
    kind: "tcp",
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 2375 : Number(url.port),
    tls: tlsOf(endpoint, env),
  };
}

/** A context has its own files; DOCKER_HOST has the variables'. */
function tlsOf({ named, tlsFolder, skipTlsVerify }: ContextEndpoint, env: Env): DaemonTls | undefined {
  if (tlsFolder !== undefined) return { folder: tlsFolder, verify: !skipTlsVerify };
  if (named) return undefined;
  const verify = (env["DOCKER_TLS_VERIFY"] ?? "") !== "";
  if (!verify && (env["DOCKER_TLS"] ?? "") === "") return undefined;
  const folder = env["DOCKER_CERT_PATH"] || env["DOCKER_CONFIG"] || join(env["HOME"] || homedir(), ".docker");
  return { folder, verify };
}

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import type { ContextEndpoint } from "./daemon.ts";

type Env = Readonly<Record<string, string | undefined>>;

const config = z.object({ currentContext: z.string().optional() });
const meta = z.object({
  Endpoints: z.object({
    docker: z.object({ Host: z.string().optional(), SkipTLSVerify: z.boolean().optional() }),
  }),
});

/**
 * The same endpoint by its name, where the variables leave it to the current context: a later step may choose another
 * one, and post must not look for ours on that one's daemon.
 */
export function pinned(endpoint: Readonly<Record<string, string>>, env: Env): Record<string, string> {
  if (endpoint["DOCKER_HOST"] !== undefined || endpoint["DOCKER_CONTEXT"] !== undefined)
    return { ...endpoint };
  return { ...endpoint, DOCKER_CONTEXT: currentContext({ ...env, ...endpoint }) ?? "default" };
}

function folderOf(env: Env): string {
  return env["DOCKER_CONFIG"] || join(env["HOME"] || homedir(), ".docker");
}

function currentContext(env: Env): string | undefined {
  return config.safeParse(jsonIn(join(folderOf(env), "config.json"))).data?.currentContext || undefined;
}

/**
 * The endpoint that these variables mean, read as the docker command reads it, without the cost of running that.
 * Undefined for the default one, and for what only the docker command can tell (it says so better than we).
 * @see https://github.com/docker/cli/tree/master/cli/context/store
 */
export function endpointMeant(env: Env): ContextEndpoint | undefined {
  const host = env["DOCKER_HOST"] ?? "";
  if (host !== "") return { host, named: false, skipTlsVerify: false, tlsFolder: undefined };
  const folder = folderOf(env);
  const name = env["DOCKER_CONTEXT"] || currentContext(env);
  if (name === undefined || name === "default") return undefined;
  const id = createHash("sha256").update(name).digest("hex");
  const found = meta.safeParse(jsonIn(join(folder, "contexts/meta", id, "meta.json"))).data?.Endpoints.docker;
  if (found?.Host === undefined) return undefined;
  const tls = join(folder, "contexts/tls", id, "docker");
  return {
    host: found.Host,
    named: true,
    skipTlsVerify: found.SkipTLSVerify === true,
    tlsFolder: existsSync(tls) ? tls : undefined,
  };
}

function jsonIn(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * What later steps get, so that their docker commands reach the same daemon: the endpoint as resolved. A rival that
 * the job has set is set to nothing, which the docker command takes for unset.
 */
export function endpointForLaterSteps(endpoint: ContextEndpoint, env: Env): Record<string, string> {
  const { host, named, tlsFolder, skipTlsVerify } = endpoint;
  const own: Record<string, string> = { DOCKER_HOST: host };
  if (tlsFolder !== undefined) {
    own["DOCKER_CERT_PATH"] = tlsFolder;
    own[skipTlsVerify ? "DOCKER_TLS" : "DOCKER_TLS_VERIFY"] = "1";
  }
  // With DOCKER_HOST the TLS files are those of the variables; they hold for no context and for no socket.
  const rivals = [
    "DOCKER_CONTEXT",
    ...(named || host.startsWith("unix:") ? ["DOCKER_TLS_VERIFY", "DOCKER_TLS"] : []),
  ];
  for (const name of rivals) if ((env[name] ?? "") !== "" && own[name] === undefined) own[name] = "";
  return own;
}

import type { RemoteRegistryPrefix } from "../settings/settings.ts";

/** A registry elsewhere, and the part of it that images go to. */
export interface RemoteRegistry {
  /** As image references name it, with its port: `ghcr.io`, `10.0.0.5:5000`. */
  readonly host: string;
  /** Without slashes at its ends; empty where all of the registry is meant. */
  readonly path: string;
  /** What stands before `/name:tag` in a reference. */
  readonly prefix: string;
  /** Where its API answers, without a slash at the end. */
  readonly origin: string;
  readonly plainHttp: boolean;
}

const dockerHubHosts = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/**
 * What a prefix stands for. https, also on localhost, unless plain http is declared: a guess would send
 * credentials in the clear where https failed for a moment.
 */
export function remoteRegistry(prefix: RemoteRegistryPrefix, plainHttp: boolean): RemoteRegistry {
  const { host, path } = prefix;
  const address = isDockerHub(host) ? "registry-1.docker.io" : host;
  return {
    host,
    path,
    prefix: path === "" ? host : `${host}/${path}`,
    origin: new URL(`${plainHttp ? "http" : "https"}://${address}`).origin,
    plainHttp,
  };
}

export function isDockerHub(host: string): boolean {
  return dockerHubHosts.includes(host);
}

/** The key of a host in Docker's config.json, and what a credential helper is asked for. */
export function dockerConfigKey(host: string): string {
  return isDockerHub(host) ? "https://index.docker.io/v1/" : host;
}

/** The name of a repository under the prefix, as the registry's API knows it. */
export function repositoryUnder({ path }: Pick<RemoteRegistry, "path">, name: string): string {
  return path === "" ? name : `${path}/${name}`;
}

/** The registry and the repository that an image's reference names, as the docker command reads it. */
export function partsOf(reference: string): { host: string; repository: string } {
  const [first = "", ...rest] = reference
    .replace(/@.*$/, "")
    .replace(/:[^:/]*$/, "")
    .split("/");
  const named = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  if (named) return { host: first, repository: rest.join("/") };
  return {
    host: "docker.io",
    repository: rest.length === 0 ? `library/${first}` : [first, ...rest].join("/"),
  };
}

/** The URL of something in the registry's API: `<repository>/tags/list`. */
export function apiUrl({ origin }: Pick<RemoteRegistry, "origin">, path: string): URL {
  return new URL(`${origin}/v2/${path}`);
}

/** What to do where a registry asks for credentials and none were found. */
export function missingCredentialsAdvice({ host }: Pick<RemoteRegistry, "host">): string {
  return `give remote-registry-username and remote-registry-password, or log in before this step (docker login ${host})`;
}

import type { Clock } from "../support/clock.ts";
import type { Logger } from "../support/logger.ts";
import { registrySession } from "./auth-flow.ts";
import type { Credentials } from "./credentials.ts";
import { type DeletionReport, deleteRunTag } from "./deletion.ts";
import { registryHttp } from "./http.ts";
import { type ImageAsked, imageManifests } from "./image-manifests.ts";
import { type Proof, provePush } from "./prove-push.ts";
import type { RemoteRegistry } from "./reference.ts";
import { reasonOf, registryReader } from "./registry-reader.ts";

/** One registry as one user, for those parts that speak to it. Loaded only where a remote registry is asked for. */
export interface AccessOptions {
  readonly registry: RemoteRegistry;
  readonly credentials: Credentials | undefined;
  /** Where the credentials come from or were looked for, as `findCredentials` says it. */
  readonly source: string;
  /** PEM text of the registry's private authority. */
  readonly ca: string | undefined;
  /** Proxies. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** See provePush. `repository` is one under the prefix that the run will push to, where one is known. */
export function provePushAt(options: AccessOptions, repository: string | undefined): Promise<Proof> {
  const { registry, credentials, source, ca, clock, logger } = options;
  const http = registryHttp(options);
  const deps = { http, clock, logger, source, caGiven: ca !== undefined };
  return provePush({ registry, repository }, credentials, deps);
}

/** See imageManifests. @throws Error in the words of a sentence's part */
export async function readManifestsAt(options: AccessOptions, image: ImageAsked): Promise<string[]> {
  const { registry, credentials, ca, clock, logger } = options;
  const session = registrySession(registry, credentials, { http: registryHttp(options), clock, logger });
  try {
    return await imageManifests(registryReader(registry, session), image);
  } catch (error) {
    throw new Error(reasonOf(error, { registry, caGiven: ca !== undefined }), { cause: error });
  }
}

export interface RunTag {
  readonly tag: string;
  /** Names under the prefix, or `*` alone. */
  readonly repositories: readonly string[];
  /** For GitHub's package API. A secret. */
  readonly token: string | undefined;
  /** GITHUB_API_URL. */
  readonly githubApiUrl: string;
}

/** See deleteRunTag. */
export function deleteTagAt(options: AccessOptions, asked: RunTag): Promise<DeletionReport[]> {
  const { registry, credentials, ca, clock, logger } = options;
  const repositories = asked.repositories.includes("*") ? "*" : asked.repositories;
  const request = { ...asked, registry, repositories, credentials, caGiven: ca !== undefined } as const;
  return deleteRunTag(request, { http: registryHttp(options), clock, logger });
}

import { registrySession } from "../../../src/remote-registry/auth-flow.ts";
import type { Credentials } from "../../../src/remote-registry/credentials.ts";
import { type DeletionReport, deleteRunTag } from "../../../src/remote-registry/deletion.ts";
import { registryHttp } from "../../../src/remote-registry/http.ts";
import { type Proof, provePush } from "../../../src/remote-registry/prove-push.ts";
import { type RemoteRegistry, remoteRegistry } from "../../../src/remote-registry/reference.ts";
import { registryReader } from "../../../src/remote-registry/registry-reader.ts";
import { type Clock, systemClock } from "../../../src/support/clock.ts";
import { silentLogger } from "../../../src/support/logger.ts";
import { Pusher } from "./pushing.ts";

export interface Access {
  readonly host: string;
  readonly path?: string;
  readonly ca?: string;
  readonly plainHttp?: boolean;
  readonly credentials?: Credentials;
  readonly clock?: Clock;
}

export function login(username: string, password: string): Credentials {
  return { kind: "password", username, password };
}

export function prove(access: Access): Promise<Proof> {
  const { registry, deps, credentials } = open(access);
  const proving = { ...deps, source: "the test", caGiven: access.ca !== undefined };
  return provePush({ registry }, credentials, proving);
}

export function deleteTag(
  access: Access,
  tag: string,
  repositories: readonly string[] | "*",
): Promise<DeletionReport[]> {
  const { registry, deps, credentials } = open(access);
  const github = { token: undefined, githubApiUrl: "https://api.github.com" };
  const caGiven = access.ca !== undefined;
  return deleteRunTag({ registry, repositories, tag, credentials, caGiven, ...github }, deps);
}

export function pusher(access: Access): Pusher {
  const { registry, deps, credentials } = open(access);
  return new Pusher(registry, registrySession(registry, credentials, deps));
}

/** The repositories that the registry lists. */
export function catalog(access: Access): Promise<readonly string[]> {
  const { registry, deps, credentials } = open(access);
  return registryReader(registry, registrySession(registry, credentials, deps)).repositories();
}

function open({ host, path = "team", ca, plainHttp = false, credentials, clock = systemClock }: Access) {
  const http = registryHttp({ ca, env: {} });
  const registry: RemoteRegistry = remoteRegistry({ host, path }, plainHttp);
  return { registry, credentials, deps: { http, clock, logger: silentLogger } };
}

import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { checkoutOf } from "./environment/checkout.ts";
import { readEvent } from "./environment/event.ts";
import { type Trust, whoRuns } from "./environment/trust.ts";
import type { FoundRemoteRegistry } from "./plan/found.ts";
import { certificateText } from "./remote-registry/certificate.ts";
import { type Credentials, type FoundCredentials, findCredentials } from "./remote-registry/credentials.ts";
import type { Proof } from "./remote-registry/prove-push.ts";
import { type RemoteRegistry, remoteRegistry } from "./remote-registry/reference.ts";
import type { AccessOptions } from "./remote-registry/registry-access.lazy.ts";
import type { RemoteRegistrySettings, Settings } from "./settings/settings.ts";
import type { Clock } from "./support/clock.ts";
import { EnvironmentError } from "./support/errors.ts";
import type { Logger } from "./support/logger.ts";
import type { ProcessRunner } from "./support/process-runner.ts";

type Env = Readonly<Record<string, string | undefined>>;

export type ProvePush = (options: AccessOptions, repository: string | undefined) => Promise<Proof>;

export interface FindRemoteDeps {
  readonly env: Env;
  readonly runner: ProcessRunner;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Proves the right to push, in a bundle of its own. */
  readonly provePush: ProvePush;
}

/** What the plan may know of the remote registry, and beside it the secret, which goes only where it is used. */
export interface RemoteRegistryFinding {
  readonly found: FoundRemoteRegistry;
  readonly access: AccessOptions;
  /** One of the repositories that the run will push to, where one is known. */
  readonly repository: string | undefined;
}

/**
 * Looks at who runs this, for credentials, and, where there are none, at whether the registry asks for them at all.
 * @throws UsageError for a certificate that cannot be read, EnvironmentError for a login that cannot be read, and for
 * a registry that cannot be reached.
 */
export async function findRemoteRegistry(
  { remoteRegistry: asked, token }: Pick<Settings, "remoteRegistry" | "token">,
  deps: FindRemoteDeps,
): Promise<RemoteRegistryFinding | undefined> {
  if (asked === undefined) return undefined;
  const { env, runner } = deps;
  const registry = remoteRegistry(asked.prefix, asked.plainHttp);
  const trust = whoRuns(await readEvent(env));
  const [ca, login, strangersCheckout] = await Promise.all([
    asked.ca === undefined ? undefined : certificateText(asked.ca, (path) => readFile(path, "utf8")),
    findLogin(asked, deps),
    findStrangersCheckout(trust, env["GITHUB_WORKSPACE"] ?? "", runner),
  ]);
  const access = accessOptions(registry, login, ca, deps);
  const repository = asked.deleteImages.find((name) => name !== "*");
  const seen = await look(trust, token, access, () => deps.provePush(access, repository));
  return { found: { registry, trust, strangersCheckout, ca, ...seen }, access, repository };
}

/** The credentials as they are now: main's, and later post's. */
export function findLogin(
  { prefix, username, password }: Pick<RemoteRegistrySettings, "prefix" | "username" | "password">,
  { env, runner, logger }: Pick<FindRemoteDeps, "env" | "runner" | "logger">,
): Promise<FoundCredentials> {
  return findCredentials(
    { host: prefix.host, username, password },
    {
      env,
      homeFolder: env["HOME"] ?? homedir(),
      readFile: (path) => readFile(path, "utf8"),
      processes: runner,
      logger,
    },
  );
}

export function accessOptions(
  registry: RemoteRegistry,
  { credentials, source }: FoundCredentials,
  ca: string | undefined,
  { env, clock, logger }: Pick<FindRemoteDeps, "env" | "clock" | "logger">,
): AccessOptions {
  return { registry, credentials, source, ca, env, clock, logger };
}

async function findStrangersCheckout(
  trust: Trust,
  workspace: string,
  runner: ProcessRunner,
): Promise<string | undefined> {
  if (trust.kind !== "pull-request-target" || !trust.headIsFork) return undefined;
  const { sha, repository } = trust.head;
  // An event that does not name the commit cannot be compared with anything.
  if (sha === undefined) return workspace;
  return checkoutOf({ sha, repository }, workspace, runner);
}

type Seen = Pick<FoundRemoteRegistry, "access" | "source">;

async function look(
  trust: Trust,
  token: string | undefined,
  { credentials, source }: AccessOptions,
  prove: () => Promise<Proof>,
): Promise<Seen> {
  if (credentials !== undefined && !(readsOnly(trust) && isToken(credentials, token)))
    return { access: "credentials", source };
  const proof = await prove();
  switch (proof.kind) {
    case "proven":
      return { access: credentials === undefined ? "open" : "credentials", source };
    case "needs-credentials":
      return { access: "missing", source: proof.text };
    case "not-definite":
      return { access: "unknown", source: proof.text };
    case "unreachable":
      throw new EnvironmentError(proof.account);
    case "refused":
      // The job's own token: there in each run, and without the right to push in these.
      if (credentials !== undefined)
        return { access: "missing", source: "the job's own token may only read in such a run" };
      throw new EnvironmentError(proof.account);
  }
}

/** GitHub gives these runs a token that may only read. */
function readsOnly({ kind }: Trust): boolean {
  return kind === "fork-pull-request" || kind === "dependabot";
}

function isToken(credentials: Credentials, token: string | undefined): boolean {
  return credentials.kind === "password" && token !== undefined && credentials.password === token;
}

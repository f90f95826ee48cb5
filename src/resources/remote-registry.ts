import { writeFile } from "node:fs/promises";
import type { Plan, RemotePlan } from "../plan/plan.ts";
import { type Credentials, identityTokenAdvice } from "../remote-registry/credentials.ts";
import {
  buildkitToml,
  daemonAdvice,
  type NodeFile,
  type RegistryTrust,
} from "../remote-registry/node-credentials.ts";
import type { Proof } from "../remote-registry/prove-push.ts";
import { missingCredentialsAdvice } from "../remote-registry/reference.ts";
import { EnvironmentError } from "../support/errors.ts";
import type { Logger } from "../support/logger.ts";
import { remoteRegistryFiles } from "./wiring.ts";

/** A remote registry as this run uses it. The secret goes to the nodes and to the registry, and nowhere else. */
export interface RemoteRegistryUse {
  readonly credentials: Credentials | undefined;
  readonly provePush: () => Promise<Proof>;
}

/**
 * Proves the right to push, while the cluster comes up: what would be an ImagePullBackOff or a failed push minutes later
 * ends the run now. What is not definite is a notice.
 * @throws EnvironmentError with the registry's own reason.
 */
export async function proveRemoteRegistry(
  plan: RemotePlan,
  { provePush, credentials }: RemoteRegistryUse,
  logger: Logger,
): Promise<void> {
  const proof = await provePush();
  switch (proof.kind) {
    case "refused":
    case "unreachable":
      throw new EnvironmentError(proof.account);
    case "needs-credentials":
      throw new EnvironmentError({
        tried: `prove that images can be pushed under ${plan.registry.prefix}`,
        seen: proof.text,
        todo: missingCredentialsAdvice(plan.registry),
      });
    case "not-definite":
      logger.notice(capitalized(proof.text));
      break;
    case "proven":
      logger.info(proof.text);
  }
  if (credentials?.kind === "identity-token") {
    logger.warning(`The nodes cannot pull private images: ${identityTokenAdvice(plan.registry.host)}`);
  }
  const advice = daemonAdvice(trustOf(plan));
  if (advice !== undefined) logger.info(capitalized(advice));
}

/** The files that every node gets. */
export function nodeFilesFor(plan: RemotePlan, { credentials }: RemoteRegistryUse): NodeFile[] {
  return remoteRegistryFiles(trustOf(plan), credentials?.kind === "password" ? credentials : undefined);
}

/** The files on this machine: how BuildKit reaches the registry, and its authority's certificate. No secret. */
export async function writeBuildkitFiles(plan: RemotePlan, files: Plan["files"]): Promise<void> {
  const trust = trustOf(plan);
  if (trust.ca !== undefined) await writeFile(files.registryCa, trust.ca, { mode: 0o600 });
  const toml = buildkitToml(trust, trust.ca === undefined ? undefined : files.registryCa);
  await writeFile(files.buildkitd, toml, { mode: 0o600 });
}

function trustOf({ registry, ca }: RemotePlan): RegistryTrust {
  return { host: registry.host, plainHttp: registry.plainHttp, ca };
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

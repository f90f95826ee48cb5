import { missingCredentialsAdvice } from "../remote-registry/reference.ts";
import type { MissingCredentialsRule, Settings } from "../settings/settings.ts";
import { EnvironmentError } from "../support/errors.ts";
import type { Found, FoundRemoteRegistry } from "./found.ts";
import type { RemotePlan } from "./plan.ts";

/** What becomes of the input remote-registry. */
export type RemoteDecision =
  | { readonly kind: "not-asked" }
  | {
      readonly kind: "use";
      readonly plan: RemotePlan;
      readonly why: string;
      readonly warning: string | undefined;
    }
  /** A registry beside the cluster stands in for it. */
  | {
      readonly kind: "local-instead";
      readonly why: string;
      readonly notice: string;
      readonly warning: string | undefined;
    };

/**
 * Whether images go to the remote registry. Only credentials that are missing lead elsewhere, and only as
 * on-missing-credentials has it; wrong ones end the run while going up.
 * @throws EnvironmentError when credentials are missing and nothing may stand in.
 */
export function decideRemote(settings: Settings, found: Found): RemoteDecision {
  const { remoteRegistry: asked } = settings;
  const remote = found.remoteRegistry;
  if (asked === undefined || remote === undefined) return { kind: "not-asked" };
  const insists = settings.strategy === "remote-registry";
  const warning = strangersWarning(remote, insists);
  const missing = whyMissing(remote, insists);
  const { prefix } = remote.registry;
  if (missing === undefined) {
    const { registry, ca } = remote;
    return {
      kind: "use",
      plan: { kind: "remote", registry, ca, deleteImages: asked.deleteImages },
      why: whyUsed(remote),
      warning,
    };
  }
  if (!mayStandIn(asked.onMissingCredentials, insists, remote)) {
    throw new EnvironmentError({
      tried: `use the remote registry ${prefix}`,
      seen: `${missing} (${remote.trust.why})`,
      todo: `${missingCredentialsAdvice(remote.registry)}${insists ? "; strategy: remote-registry never falls back" : ""}`,
    });
  }
  const why = `no credentials for ${prefix}: ${missing} (${remote.trust.why})`;
  return {
    kind: "local-instead",
    why,
    warning,
    notice: `Images of this run go to a registry beside the cluster, not to ${prefix}: ${missing} (${remote.trust.why}).`,
  };
}

/** Why there are no credentials to be used, or undefined where nothing is missing. */
function whyMissing(remote: FoundRemoteRegistry, insists: boolean): string | undefined {
  if (remote.access === "missing") return remote.source;
  // Whether it asks is open; a stranger's run must not depend on it.
  if (remote.access === "unknown") return isStrangers(remote) ? remote.source : undefined;
  const withheld = remote.access === "credentials" && remote.strangersCheckout !== undefined && !insists;
  return withheld ? "its credentials are withheld from the code of a fork" : undefined;
}

function mayStandIn(rule: MissingCredentialsRule, insists: boolean, remote: FoundRemoteRegistry): boolean {
  if (insists || rule === "fail") return false;
  return rule === "local" || isStrangers(remote);
}

/** A run that GitHub gives no secrets, or that must not have them. */
function isStrangers({ trust, strangersCheckout }: FoundRemoteRegistry): boolean {
  return trust.kind === "fork-pull-request" || trust.kind === "dependabot" || strangersCheckout !== undefined;
}

function strangersWarning(
  { trust, strangersCheckout, access }: FoundRemoteRegistry,
  insists: boolean,
): string | undefined {
  if (strangersCheckout === undefined) return undefined;
  const consequence =
    access === "credentials" && insists
      ? "strategy: remote-registry gives the cluster's nodes the registry's credentials all the same"
      : "the registry's credentials are withheld from it";
  return `The code of a fork is checked out in ${strangersCheckout}, and ${trust.why}. It can take every secret of this job; ${consequence}. Use pull_request instead (docs/forks.md).`;
}

function whyUsed({ access, source }: FoundRemoteRegistry): string {
  switch (access) {
    case "credentials":
      return `remote-registry is given, with credentials from ${source}`;
    case "open":
      return "remote-registry is given, and asks for no credentials";
    case "missing":
    case "unknown":
      return `remote-registry is given; ${source}`;
  }
}

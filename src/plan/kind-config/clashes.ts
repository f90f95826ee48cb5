import { posix } from "node:path";
import type { Problem } from "../../support/errors.ts";
import { containerdClashes, containerdJsonClashes } from "./containerd.ts";
import type { OurNeeds } from "./merge.ts";
import type { ClusterConfig } from "./schema.ts";

const loopback = ["127.0.0.1", "localhost", "::1"];

/** Whether what is written at a path comes into a mount: at the path, above it, or below it. */
function holds(mount: string, path: string): boolean {
  const at = posix.normalize(mount).replace(/\/+$/, "");
  return path === at || path.startsWith(`${at}/`) || at.startsWith(`${path}/`);
}

/** What in the user's configuration would break a promise of the action; each names both sides. */
export function clashesOf(user: ClusterConfig, needs: OurNeeds): Problem[] {
  const problems = [
    ...containerdClashes(user.containerdConfigPatches ?? []),
    ...containerdJsonClashes(user.containerdConfigPatchesJSON6902 ?? []),
  ];
  const add = (given: string, allowed: string) => problems.push({ input: "config", given, allowed });
  if (user.name != null && user.name !== needs.clusterName) {
    add(
      `name: ${user.name}`,
      `${needs.clusterName}, as the input cluster-name says; leave name out of the config`,
    );
  }
  for (const { containerPath } of (user.nodes ?? []).flatMap(({ extraMounts }) => extraMounts ?? [])) {
    const written = needs.writtenOnNodes.find((path) => containerPath != null && holds(containerPath, path));
    if (written !== undefined)
      add(
        `an extraMounts entry for ${containerPath}`,
        `no mount there: the action writes below ${written} on each node, which would be in your folder; leave out the registry (registry: false, no remote-registry), or copy your files to the nodes after this step (docker cp)`,
      );
  }
  const address = user.networking?.apiServerAddress;
  if (address != null && !loopback.includes(address)) {
    add(
      `networking.apiServerAddress: ${address}`,
      "127.0.0.1: the action publishes nothing beyond loopback, and its kubeconfig and certificates are for it",
    );
  }
  const controlPlanes =
    user.nodes?.filter(({ role }) => (role ?? "control-plane") === "control-plane").length ?? 1;
  if (controlPlanes > 1 && needs.apiServerPort === "daemon-chooses") {
    add(
      `${controlPlanes} control planes`,
      "one, where Docker's loopback is not this job's (another machine, a job container): kind picks the ports of further ones on this side (kind's limit)",
    );
  }
  if (user.nodes != null && controlPlanes === 0)
    add("nodes without a control plane", "at least one node of role control-plane");
  return problems;
}

import { stringify } from "yaml";
import { UsageError } from "../../support/errors.ts";
import { clashesOf } from "./clashes.ts";
import { configPathPatches } from "./containerd.ts";
import { kubeadmPatches } from "./kubeadm.ts";
import { readKindConfig, type UserConfig } from "./read.ts";
import type { ClusterConfig, NodeConfig } from "./schema.ts";

/** What the action needs of the configuration. */
export interface OurNeeds {
  readonly clusterName: string;
  /** `1.34.4`; undefined when only the node can tell. */
  readonly kubernetesVersion: string | undefined;
  readonly durable: boolean;
  /** A daemon that is elsewhere picks the port itself: kind would look for a free one on this side. */
  readonly apiServerPort: "kind-chooses" | "daemon-chooses";
  /** The daemon's host has cgroup v1. */
  readonly cgroupV1: boolean;
  /** Folders and files of the nodes that the action writes to. */
  readonly writtenOnNodes: readonly string[];
}

export interface KindNodeName {
  readonly name: string;
  readonly role: "control-plane" | "worker";
}

/** The configuration that kind gets, and what of it others need to know. */
export interface KindConfig {
  readonly yaml: string;
  /** By kind's own naming. */
  readonly nodes: readonly KindNodeName[];
  /** No CNI comes with the cluster, so no node turns Ready by itself. */
  readonly defaultCniDisabled: boolean;
  /** A sentence for each thing that was added and that the reader should know of. */
  readonly notes: readonly string[];
}

/**
 * The user's configuration merged with what the action needs: the user's values first, nothing of theirs lost.
 * @throws UsageError with all problems: unknown fields by line and column, and what would break a promise.
 */
export function mergeKindConfig(user: UserConfig | undefined, needs: OurNeeds): KindConfig {
  const theirs = user === undefined ? undefined : readKindConfig(user);
  const problems = theirs === undefined ? [] : clashesOf(theirs, needs);
  if (problems.length > 0) throw new UsageError(problems);
  const nodes = theirs?.nodes?.length ? theirs.nodes : [{ role: "control-plane" as const }];
  const controlPlanes = nodes.filter((node) => roleOf(node) === "control-plane").length;
  const kubeadm = kubeadmPatches(theirs, controlPlanes, needs);
  const merged = {
    ...theirs,
    kind: "Cluster",
    apiVersion: "kind.x-k8s.io/v1alpha4",
    networking: networkingOf(theirs, needs),
    kubeadmConfigPatches: [...kubeadm.patches, ...(theirs?.kubeadmConfigPatches ?? [])],
    containerdConfigPatches: [...configPathPatches, ...(theirs?.containerdConfigPatches ?? [])],
  };
  return {
    yaml: stringify(merged, { lineWidth: 0, aliasDuplicateObjects: false }),
    nodes: namesOf(needs.clusterName, nodes),
    defaultCniDisabled: theirs?.networking?.disableDefaultCNI === true,
    notes: kubeadm.notes,
  };
}

function networkingOf(theirs: ClusterConfig | undefined, needs: OurNeeds): object | undefined {
  const given = theirs?.networking ?? undefined;
  if (needs.apiServerPort === "kind-chooses" || (given?.apiServerPort ?? 0) > 0) return given;
  return { ...given, apiServerPort: -1 };
}

function roleOf(node: NodeConfig): "control-plane" | "worker" {
  return node.role ?? "control-plane";
}

/** `<cluster>-<role>`, and a number from the second of a role on. https://github.com/kubernetes-sigs/kind/blob/v0.32.0/pkg/cluster/internal/providers/common/namer.go */
function namesOf(cluster: string, nodes: readonly NodeConfig[]): KindNodeName[] {
  const seen = { "control-plane": 0, worker: 0 };
  return nodes.map((node) => {
    const role = roleOf(node);
    seen[role] += 1;
    return { role, name: `${cluster}-${role}${seen[role] === 1 ? "" : seen[role]}` };
  });
}

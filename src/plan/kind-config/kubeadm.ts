import { stringify } from "yaml";
import type { ClusterConfig } from "./schema.ts";

/** What decides which of our settings apply. */
export interface KubeadmNeeds {
  /** `1.34.4`; undefined when only the node can tell: then nothing that depends on it is set. */
  readonly kubernetesVersion: string | undefined;
  readonly durable: boolean;
  readonly cgroupV1: boolean;
}

/** One patch for kubeadm's configuration, and a sentence for the log where the reader should know. */
interface Patch {
  readonly patch: object;
  readonly note?: string;
}

/** The oldest minor version that these settings were tried with. */
const oldestMinor = 27;

/**
 * Our patches for kubeadm's configuration. They come before the user's, so that the user's win where both set
 * the same. Without apiVersion and with arguments as maps: kind takes that for every version, and converts it
 * where kubeadm wants lists (v1beta4, from 1.36).
 */
export function kubeadmPatches(user: ClusterConfig | undefined, controlPlanes: number, needs: KubeadmNeeds) {
  const minor = minorOf(needs.kubernetesVersion);
  const said = textOfPatches(user);
  const patches: Patch[] = [];
  if (needs.cgroupV1 && minor !== undefined && minor >= 35 && !said.includes("failCgroupV1"))
    patches.push(cgroupV1);
  if (!needs.durable && controlPlanes === 1 && minor !== undefined && minor >= oldestMinor) {
    patches.push(...speedPatches(minor, said, user?.networking?.kubeProxyMode === "none"));
  }
  return {
    patches: patches.map(({ patch }) => stringify(patch)),
    notes: patches.flatMap(({ note }) => note ?? []),
  };
}

/** The minor version of `1.34.4`. */
function minorOf(version: string | undefined): number | undefined {
  const minor = /^1\.(\d+)\./.exec(version ?? "")?.[1];
  return minor === undefined ? undefined : Number(minor);
}

/** All that the user's patches say, to see what is theirs to decide. */
function textOfPatches(user: ClusterConfig | undefined): string {
  const levels = [user, ...(user?.nodes ?? [])];
  return levels
    .flatMap((level) => [
      ...(level?.kubeadmConfigPatches ?? []),
      ...(level?.kubeadmConfigPatchesJSON6902 ?? []).map(({ patch }) => patch ?? ""),
    ])
    .join("\n");
}

/** From 1.35 on the kubelet refuses to start on cgroup v1 unless told. https://kep.k8s.io/5573 */
const cgroupV1: Patch = {
  patch: { kind: "KubeletConfiguration", failCgroupV1: false },
  note: "The host has cgroup v1, which the kubelet refuses from Kubernetes 1.35 on: failCgroupV1: false was added.",
};

/**
 * What makes a cluster for one job come up sooner. Only for exactly one control plane, where nobody else could
 * be leader, and each left out where the user's own patches speak of it.
 */
function speedPatches(minor: number, said: string, withoutKubeProxy: boolean): Patch[] {
  const unless = (words: readonly string[], patch: Patch) =>
    words.some((word) => said.includes(word)) ? [] : [patch];
  return [
    // The data is gone with the job: no write needs to reach the disk.
    ...unless(["unsafe-no-fsync"], etcd({ "unsafe-no-fsync": "true" })),
    // A lone etcd votes for itself once its election time is over: 0.1 s instead of 1 s.
    ...unless(
      ["heartbeat-interval", "election-timeout"],
      etcd({ "heartbeat-interval": "10", "election-timeout": "100" }),
    ),
    // The default of 20 requests a second holds back the node's pod range and the default service account.
    ...unless(["kube-api-qps", "kube-api-burst"], {
      patch: clusterConfiguration({
        controllerManager: { extraArgs: { "kube-api-qps": "200", "kube-api-burst": "400" } },
      }),
    }),
    ...unless(["leader-elect"], {
      patch: clusterConfiguration({
        controllerManager: { extraArgs: { "leader-elect": "false" } },
        scheduler: { extraArgs: { "leader-elect": "false" } },
      }),
    }),
    // Points the kubelet at the file that a renewed certificate will be in; none is renewed within a job. kind's own
    // list is given whole, as lists are replaced.
    ...unless(["skipPhases"], {
      patch: {
        kind: "InitConfiguration",
        skipPhases: ["preflight", ...(withoutKubeProxy ? ["addon/kube-proxy"] : []), "kubelet-finalize"],
      },
    }),
    ...unless(["PublicKeysECDSA", "encryptionAlgorithm"], ecdsaKeys(minor)),
  ];
}

function clusterConfiguration(fields: object): object {
  return { kind: "ClusterConfiguration", ...fields };
}

function etcd(extraArgs: Readonly<Record<string, string>>): Patch {
  return { patch: clusterConfiguration({ etcd: { local: { extraArgs } } }) };
}

/** RSA keys take a second to make. The feature gate up to v1beta3, a field from v1beta4 on (kind: from 1.36). */
function ecdsaKeys(minor: number): Patch {
  return {
    patch: clusterConfiguration(
      minor < 36 ? { featureGates: { PublicKeysECDSA: true } } : { encryptionAlgorithm: "ECDSA-P256" },
    ),
    note: "The cluster's keys are ECDSA, so service account tokens are signed with ES256; durable: true keeps RSA.",
  };
}

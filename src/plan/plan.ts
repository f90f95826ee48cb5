import type { Engine } from "../docker/engine.ts";
import type { OwnContainer } from "../docker/own-container.ts";
import type { RemoteRegistry } from "../remote-registry/reference.ts";
import type { OwnerRecord } from "../resources/owner-record.ts";
import type { KindConfig } from "./kind-config/merge.ts";

export type Strategy = "vm-local" | "remote-docker" | "remote-registry";

/** One decision and its reason, for the log and the job summary. */
export interface Choice {
  readonly what: string;
  readonly chosen: string;
  readonly why: string;
}

/** Where images go. */
export type RegistryPlan =
  | { readonly kind: "none" }
  | {
      /** A registry container beside the cluster. */
      readonly kind: "container";
      readonly name: string;
      /** The host port, or the first of those to try. */
      readonly port: { readonly given: number } | { readonly from: number };
      /** Tried in this order; more than one only for the default image. */
      readonly images: readonly string[];
    }
  | {
      /** The registry container of an earlier step of this job. */
      readonly kind: "shared";
      readonly name: string;
      readonly port: number;
      /** The owner id that it answers with. */
      readonly owner: string;
    }
  | {
      /** A registry elsewhere. Its credentials are in no plan. */
      readonly kind: "remote";
      readonly registry: RemoteRegistry;
      /** PEM text of its private authority. */
      readonly ca: string | undefined;
      /** Repositories under the prefix, or `*` alone, in which post deletes this run's tag. */
      readonly deleteImages: readonly string[];
    };

/** Images go to a registry of the user's. */
export type RemotePlan = Extract<RegistryPlan, { kind: "remote" }>;

export interface NodeImagePlan {
  /** What kind gets as --image: with the digest where one is known. */
  readonly reference: string;
  readonly digest: string | undefined;
  /** `1.34.4`; undefined when the image's name does not tell. */
  readonly kubernetesVersion: string | undefined;
}

export interface ClusterPlan {
  readonly name: string;
  /** kind's own naming; also what Skaffold and Tilt take for a local cluster. */
  readonly context: string;
  readonly image: NodeImagePlan;
  readonly config: KindConfig;
  /** Milliseconds; 0: do not wait. */
  readonly wait: number;
}

/** How the daemon's loopback is expected to be reached, before it was tried. */
export interface ReachPlan {
  /** The address looks like this machine's. Only a guess: it sets how long is waited, never what is concluded. */
  readonly looksLocal: boolean;
  /** `auto`: whatever the trial says; `vm-local`: the daemon's loopback must be ours; `remote-docker`: it must not. */
  readonly constraint: "as-found" | "must-be-ours" | "must-be-elsewhere";
  /** The container that this job is in. On kind's network it reaches the nodes by name, which costs least. */
  readonly jobContainer: OwnContainer | undefined;
}

/** How the daemon's loopback is reached, as the trial told, and why. */
export interface TakenReach {
  readonly way: "direct" | "tunnel";
  readonly why: string;
}

/**
 * What will be done: a plain value, made by a pure function of what was asked and what was found. It holds
 * no secret and can be printed.
 */
export interface Plan {
  readonly owner: string;
  readonly record: OwnerRecord;
  readonly choices: readonly Choice[];
  readonly reach: ReachPlan;
  readonly engine: Engine;
  readonly cluster: ClusterPlan;
  readonly registry: RegistryPlan;
  /** `v0.33.0`. */
  readonly kindVersion: string;
  /** `v1.34.4`; undefined: as the node says. */
  readonly kubectlVersion: string | undefined;
  readonly imageTag: string;
  readonly files: FilesPlan;
  readonly exportEnv: boolean;
  readonly cleanup: boolean;
  /** Records of dead jobs of this runner that stand in the way; they are removed first. */
  readonly leftovers: readonly OwnerRecord[];
  /** kind's network is not on the daemon yet, and goes with the last owner. */
  readonly makesNetwork: boolean;
  /** What stands in for what was asked, and why: said above the log. */
  readonly standIn: string | undefined;
  readonly notices: readonly string[];
  readonly warnings: readonly string[];
}

export interface FilesPlan {
  /** The folder of this use of the step. */
  readonly folder: string;
  /** 0600, this cluster alone: the output `kubeconfig`. */
  readonly kubeconfig: string;
  /** Shared by the uses of the step in this job: KUBECONFIG. */
  readonly jobKubeconfig: string;
  /** A file of the user's to merge the context into. */
  readonly userKubeconfig: string | undefined;
  readonly buildkitd: string;
  /** The certificate of a remote registry's private authority, for BuildKit and for post. */
  readonly registryCa: string;
  /** What the tunnel says, where there is one. */
  readonly tunnelLog: string;
}

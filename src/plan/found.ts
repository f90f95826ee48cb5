import type { Container, KindNode } from "../docker/containers.ts";
import type { Engine } from "../docker/engine.ts";
import type { OwnContainer } from "../docker/own-container.ts";
import type { HostLimits } from "../environment/host-limits.ts";
import type { Job } from "../environment/job.ts";
import type { Machine } from "../environment/machine.ts";
import type { Trust } from "../environment/trust.ts";
import type { RemoteRegistry } from "../remote-registry/reference.ts";
import type { OwnerRecord, Standing } from "../resources/owner-record.ts";
import type { NodeImagePlan } from "./plan.ts";

/** What was found before anything was made. Finding changed nothing. */
export interface Found {
  readonly job: Job;
  readonly engine: Engine;
  /** The daemon's address as the docker command resolves it. */
  readonly address: string;
  /** The container of this daemon that we are in, with a network of its own. */
  readonly jobContainer: OwnContainer | undefined;
  /** Nodes of a cluster of the asked name, in whatever state. */
  readonly nodes: readonly KindNode[];
  /** All owner records on the daemon, and whose each is. */
  readonly records: readonly { readonly record: OwnerRecord; readonly standing: Standing }[];
  /** A container of the registry's name. */
  readonly registryContainer: Container | undefined;
  readonly networkExists: boolean;
  /** The given registry port has a listener on our loopback. False when none was given. */
  readonly registryPortTaken: boolean;
  /** The machine that the job is on. */
  readonly machine: Machine;
  /** Of that machine. */
  readonly limits: HostLimits;
  readonly userConfig: { readonly source: string; readonly text: string } | undefined;
  readonly image: NodeImagePlan;
  /** Why that image, for the summary. */
  readonly imageReason: string;
  /** Something to say about the image, like that only a tag is known. */
  readonly imageNotice: string | undefined;
  /** A kubeconfig of the user's that has a foreign context of our name. */
  readonly foreignContext: boolean;
  /** The remote registry, where one is asked for. */
  readonly remoteRegistry: FoundRemoteRegistry | undefined;
}

/** What is known of the remote registry. No secret is in it. */
export interface FoundRemoteRegistry {
  readonly registry: RemoteRegistry;
  /** Who runs this, as far as secrets go. */
  readonly trust: Trust;
  /** Under pull_request_target: where the head of a stranger's pull request is checked out. */
  readonly strangersCheckout: string | undefined;
  /** PEM text of its private authority. */
  readonly ca: string | undefined;
  /**
   * `credentials`: some were found, to be proven while going up. The others: none were found, and the registry does not
   * ask for any (`open`), asks (`missing`), or did not tell (`unknown`).
   */
  readonly access: "credentials" | "open" | "missing" | "unknown";
  /** Where the credentials come from, or what was seen instead, as part of a sentence. */
  readonly source: string;
}

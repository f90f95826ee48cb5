import type { Plan, Strategy } from "../plan/plan.ts";
import { strategyOf } from "../plan/strategy.ts";
import { buildxDriverOpts, registryInCluster } from "../resources/wiring.ts";
import type { Brought } from "../up.ts";

/** The outputs of the step, by the names that the contract fixes. */
export interface StepOutputs {
  readonly strategy: Strategy;
  readonly "cluster-name": string;
  readonly context: string;
  readonly kubeconfig: string;
  readonly registry: string;
  readonly "registry-in-cluster": string;
  readonly "image-tag": string;
  readonly "buildkitd-config": string;
  readonly "buildx-driver-opts": string;
  readonly "kind-version": string;
  readonly "kubectl-version": string;
  readonly "kubernetes-version": string;
  readonly "node-image": string;
}

/** What later steps are told. Without a registry its outputs are empty. */
export function outputsOf(plan: Plan, brought: Brought): StepOutputs {
  const addresses = addressesOf(plan, brought);
  return {
    strategy: strategyOf(plan.registry, brought.reach),
    "cluster-name": plan.cluster.name,
    context: plan.cluster.context,
    kubeconfig: plan.files.kubeconfig,
    registry: addresses?.registry ?? "",
    "registry-in-cluster": addresses?.inCluster ?? "",
    "image-tag": plan.imageTag,
    "buildkitd-config": addresses === undefined ? "" : plan.files.buildkitd,
    "buildx-driver-opts": addresses === undefined ? "" : buildxDriverOpts,
    "kind-version": brought.kind.version,
    "kubectl-version": brought.kubectl.version,
    "kubernetes-version": brought.kubernetesVersion,
    "node-image": plan.cluster.image.reference,
  };
}

/** The registry as the job and as pods reach it: a remote one is the same for both. */
function addressesOf(plan: Plan, { registry }: Brought): { registry: string; inCluster: string } | undefined {
  if (plan.registry.kind === "remote") {
    const { prefix } = plan.registry.registry;
    return { registry: prefix, inCluster: prefix };
  }
  if (registry === undefined) return undefined;
  return { registry: `localhost:${registry.port}`, inCluster: registryInCluster(registry.name) };
}

import type { Plan, Strategy } from "../plan/plan.ts";
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
  const { registry } = brought;
  return {
    strategy: brought.strategy.chosen,
    "cluster-name": plan.cluster.name,
    context: plan.cluster.context,
    kubeconfig: plan.files.kubeconfig,
    registry: registry === undefined ? "" : `localhost:${registry.port}`,
    "registry-in-cluster": registry === undefined ? "" : registryInCluster(registry.name),
    "image-tag": plan.imageTag,
    "buildkitd-config": registry === undefined ? "" : plan.files.buildkitd,
    "buildx-driver-opts": registry === undefined ? "" : buildxDriverOpts,
    "kind-version": brought.kind.version,
    "kubectl-version": brought.kubectl.version,
    "kubernetes-version": brought.kubernetesVersion,
    "node-image": plan.cluster.image.reference,
  };
}

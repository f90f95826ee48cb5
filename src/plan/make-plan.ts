import { join } from "node:path";
import { certsFolder, kubeletConfigPath } from "../docker/node-paths.ts";
import { limitWarnings } from "../environment/host-limits.ts";
import { jobKubeconfig, useFolder } from "../environment/job.ts";
import { isSameMachine } from "../environment/machine.ts";
import { newOwnerRecord } from "../resources/owner-record.ts";
import type { Settings } from "../settings/settings.ts";
import { ConflictError } from "../support/errors.ts";
import { leftoversInTheWay, throwOnTakenNames } from "./claims.ts";
import type { Found } from "./found.ts";
import { mergeKindConfig } from "./kind-config/merge.ts";
import type { Choice, Plan, RegistryPlan } from "./plan.ts";
import { planReach } from "./reach.ts";
import { planRegistry } from "./registry.ts";
import { decideRemote } from "./remote-registry.ts";
import { remoteChoices } from "./strategy.ts";

/** What chance and the clock decide; handed in, so that the plan is a function of its arguments. */
export interface Draw {
  /** 12 hexadecimal digits, new for each use of the step. */
  readonly owner: string;
  readonly now: Date;
}

/**
 * Decides everything that can be decided before a trial.
 * @throws UsageError when what was asked cannot be, ConflictError when a name or a port is somebody else's,
 * EnvironmentError when this daemon cannot do it. Nothing was made then.
 */
export function makePlan(settings: Settings, found: Found, draw: Draw): Plan {
  const remote = decideRemote(settings, found);
  // No registry beside the cluster is needed then, and nothing of its name is in the way.
  const local: Settings = remote.kind === "use" ? { ...settings, registry: false } : settings;
  throwOnTakenNames(local, found);
  throwOnForeignContext(settings, found);
  const { job, image } = found;
  const registry = planRegistry(settings, found, remote);
  const folder = useFolder(job, draw.owner);
  const leftovers = leftoversInTheWay(local, found);
  // A network that a dead job made is removed with it, or is as if we had made it.
  const makesNetwork = !found.networkExists || leftovers.some(({ madeNetwork }) => madeNetwork);
  const reach = planReach(settings, found);
  const config = mergeKindConfig(found.userConfig, {
    clusterName: settings.clusterName,
    kubernetesVersion: image.kubernetesVersion,
    durable: settings.durable,
    apiServerPort: reach.looksLocal ? "kind-chooses" : "daemon-chooses",
    cgroupV1: found.engine.cgroupVersion === "1",
    writtenOnNodes: writtenFor(registry.plan, found),
  });
  return {
    owner: draw.owner,
    record: newOwnerRecord(job, {
      owner: draw.owner,
      cluster: settings.clusterName,
      started: draw.now,
      madeNetwork: makesNetwork,
      jobContainer: found.jobContainer,
    }),
    choices: [...remoteChoices(remote), ...choicesOf(settings, found, registry.choice)],
    reach,
    engine: found.engine,
    cluster: {
      name: settings.clusterName,
      context: contextOf(settings.clusterName),
      image,
      config,
      wait: settings.wait,
    },
    registry: registry.plan,
    kindVersion: settings.kindVersion,
    kubectlVersion: kubectlVersionOf(settings, found),
    imageTag: imageTagOf(job.run, job.attempt, draw.owner),
    files: {
      folder,
      kubeconfig: join(folder, "kubeconfig"),
      jobKubeconfig: jobKubeconfig(job),
      userKubeconfig: settings.kubeconfig,
      buildkitd: join(folder, "buildkitd.toml"),
      registryCa: join(folder, "registry-ca.crt"),
      tunnelLog: join(folder, "tunnel.log"),
    },
    exportEnv: settings.exportEnv,
    cleanup: settings.cleanup,
    leftovers,
    makesNetwork,
    standIn: remote.kind === "local-instead" ? remote.notice : undefined,
    notices: [...(found.imageNotice === undefined ? [] : [found.imageNotice]), ...config.notes],
    warnings: [
      ...(remote.kind === "not-asked" || remote.warning === undefined ? [] : [remote.warning]),
      ...(daemonIsHere(found) ? limitWarnings(found.limits) : []),
    ],
  };
}

/** By evidence, as an address may be forwarded: one of its containers is around us, or it names our machine. */
function daemonIsHere({ jobContainer, engine, machine }: Found): boolean {
  return jobContainer !== undefined || isSameMachine(engine, machine);
}

/** Where the nodes learn of the registry: resources/wiring.ts and remote-registry/node-credentials.ts. */
function writtenFor(registry: RegistryPlan, found: Found): string[] {
  if (registry.kind === "none") return [];
  if (registry.kind !== "remote") return [certsFolder];
  const toldHow = registry.ca !== undefined || registry.registry.plainHttp;
  const loggedIn = found.remoteRegistry?.access === "credentials";
  return [...(toldHow ? [certsFolder] : []), ...(loggedIn ? [kubeletConfigPath] : [])];
}

/** kind's name for the context of a cluster. */
export function contextOf(clusterName: string): string {
  return `kind-${clusterName}`;
}

/** Unique across runs, attempts, matrix legs and reusable workflows; a valid tag of at most 128 characters. */
export function imageTagOf(run: string, attempt: string, owner: string): string {
  return run === "" ? `local-${owner}` : `run-${run}-${attempt}-${owner}`;
}

function kubectlVersionOf(settings: Settings, { image }: Found): string | undefined {
  if (settings.kubectlVersion !== undefined) return settings.kubectlVersion;
  return image.kubernetesVersion === undefined ? undefined : `v${image.kubernetesVersion}`;
}

function throwOnForeignContext(settings: Settings, found: Found): void {
  if (!found.foreignContext) return;
  throw new ConflictError({
    tried: `merge the context ${contextOf(settings.clusterName)} into ${settings.kubeconfig}`,
    seen: "the file has a context, cluster or user of that name that is not of this job",
    todo: "give another cluster-name or another kubeconfig, or remove the context: kubectl config delete-context",
  });
}

function choicesOf(settings: Settings, found: Found, registry: Choice): Choice[] {
  return [
    {
      what: "Docker",
      chosen: `${found.engine.version} at ${found.address === "" ? "the default endpoint" : found.address}`,
      why: settings.endpoint === undefined ? "as the docker command finds it" : "as asked",
    },
    { what: "node image", chosen: found.image.reference, why: found.imageReason },
    {
      what: "kind",
      chosen: settings.kindVersion,
      why: "kind-version, or the newest this action was tested with",
    },
    registry,
  ];
}

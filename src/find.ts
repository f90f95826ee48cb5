import { readFile } from "node:fs/promises";
import { inspectContainer, kindNodes } from "./docker/containers.ts";
import type { Docker } from "./docker/docker.ts";
import { endpointAddress } from "./docker/endpoint-address.ts";
import { findEngine } from "./docker/engine.ts";
import { kindNetwork } from "./docker/labels.ts";
import { findContainerAroundUs } from "./docker/own-container.ts";
import { findHostLimits } from "./environment/host-limits.ts";
import { type Job, jobKubeconfig, jobOnHost } from "./environment/job.ts";
import { thisMachine } from "./environment/machine.ts";
import { idsInTraces, readTraces } from "./environment/own-container.ts";
import { portTaken } from "./environment/ports.ts";
import type { Found } from "./plan/found.ts";
import { contextOf } from "./plan/make-plan.ts";
import { hasContext, readIfThere } from "./resources/kubeconfig.ts";
import { ownerRecords, standingOf } from "./resources/owner-record.ts";
import type { Settings } from "./settings/settings.ts";
import { messageOf, UsageError } from "./support/errors.ts";

export interface FindDeps {
  readonly docker: Docker;
  /** Which node image the settings mean, and why. */
  readonly resolveImage: () => Promise<Pick<Found, "image" | "imageReason" | "imageNotice">>;
  /** What is known of the remote registry that the settings mean. */
  readonly lookAtRemoteRegistry: () => Promise<Found["remoteRegistry"]>;
}

/**
 * Looks at everything that the plan depends on, side by side. Changes nothing.
 * @throws EnvironmentError when Docker cannot be used, UsageError for a config that cannot be read.
 */
export async function find(settings: Settings, job: Job, deps: FindDeps): Promise<Found> {
  const { docker, resolveImage, lookAtRemoteRegistry } = deps;
  const registryName = settings.registry === false ? undefined : settings.registry.name;
  const registryPort = settings.registry === false ? undefined : settings.registry.port;
  // The daemon first: without it every other look fails too, with a worse account.
  const engineFound = findEngine(docker);
  const [
    engine,
    userConfig,
    image,
    address,
    around,
    nodes,
    records,
    registryContainer,
    network,
    taken,
    foreign,
    remote,
  ] = await Promise.all([
    engineFound,
    readUserConfig(settings),
    resolveImage(),
    engineFound.then(() => endpointAddress(docker)),
    engineFound.then(async () => findContainerAroundUs(docker, idsInTraces(await readTraces()))),
    engineFound.then(() => kindNodes(docker, settings.clusterName)),
    engineFound.then(() => ownerRecords(docker)),
    engineFound.then(() => (registryName === undefined ? undefined : inspectContainer(docker, registryName))),
    engineFound.then(() => docker.run(["network", "inspect", kindNetwork], { deadline: 30_000 })),
    registryPort === undefined ? false : portTaken(registryPort),
    foreignContext(settings, job),
    lookAtRemoteRegistry(),
  ]);
  const placed = around === undefined ? job : jobOnHost(job, engine.name, around.mounts);
  return {
    job: placed,
    engine,
    address,
    jobContainer: around?.network,
    nodes,
    records: records.map((record) => ({ record, standing: standingOf(record, placed) })),
    registryContainer,
    networkExists: network.code === 0,
    registryPortTaken: taken,
    machine: thisMachine(),
    limits: await findHostLimits(engine.dataRoot),
    userConfig,
    ...image,
    foreignContext: foreign,
    remoteRegistry: remote,
  };
}

async function readUserConfig({ config }: Settings): Promise<Found["userConfig"]> {
  if (config === undefined) return undefined;
  if (config.kind === "inline") return { source: "the input config", text: config.text };
  try {
    return { source: config.path, text: await readFile(config.path, "utf8") };
  } catch (error) {
    const given = `${JSON.stringify(config.path)} (${messageOf(error)})`;
    throw new UsageError([
      { input: "config", given, allowed: "the path of a file that is there, or the YAML itself" },
    ]);
  }
}

/** A context of our name in the user's kubeconfig that no use of the step in this job put there. */
async function foreignContext({ kubeconfig, clusterName }: Settings, job: Job): Promise<boolean> {
  if (kubeconfig === undefined) return false;
  const context = contextOf(clusterName);
  const ours = hasContext(await readIfThere(jobKubeconfig(job)), context);
  try {
    return hasContext(await readIfThere(kubeconfig), context) && !ours;
  } catch (error) {
    const given = `${JSON.stringify(kubeconfig)} (${messageOf(error)})`;
    throw new UsageError([
      { input: "kubeconfig", given, allowed: "a kubeconfig that can be read, or a file to make" },
    ]);
  }
}

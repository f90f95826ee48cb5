import { writeFile } from "node:fs/promises";
import { kindNodes } from "./docker/containers.ts";
import type { Docker } from "./docker/docker.ts";
import type { Ledger } from "./ledger.ts";
import type { NodeImagePlan, Plan, RemotePlan, TakenReach } from "./plan/plan.ts";
import type { NodeFile } from "./remote-registry/node-credentials.ts";
import { lookForRegistry } from "./resources/await-localhost.ts";
import { type ClusterFiles, createCluster, watchNodes } from "./resources/cluster.ts";
import { ensureImage } from "./resources/images.ts";
import { beforeMerge, changeKubeconfig, mergeContext, readIfThere } from "./resources/kubeconfig.ts";
import { createOwnerRecordArgs } from "./resources/owner-record.ts";
import { awaitReady } from "./resources/readiness.ts";
import { createRegistry, type RunningRegistry } from "./resources/registry.ts";
import {
  nodeFilesFor,
  proveRemoteRegistry,
  type RemoteRegistryUse,
  writeBuildkitFiles,
} from "./resources/remote-registry.ts";
import {
  buildkitdConfig,
  hostsFiles,
  joinNetwork,
  localRegistryHosting,
  wireNode,
  withoutProxyFor,
} from "./resources/wiring.ts";
import { bringWithinReach, holdToConstraint, type SeenRegistry } from "./resources/within-reach.ts";
import type { Clock } from "./support/clock.ts";
import type { Logger } from "./support/logger.ts";
import type { ProcessRunner } from "./support/process-runner.ts";
import type { Timeline } from "./timeline.ts";
import type { InstalledTool } from "./tools/install.ts";
import type { Tunnel } from "./tunnel/start.ts";

export interface UpDeps {
  readonly runner: ProcessRunner;
  readonly docker: Docker;
  readonly ledger: Ledger;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly timeline: Timeline;
  /** The one that carries the daemon's connection already, for an ssh endpoint. */
  readonly tunnel: Tunnel | undefined;
  /** Gets a tool from wherever it is to be had. */
  readonly install: (name: "kind" | "kubectl", version: string) => Promise<InstalledTool>;
  /** Brings the node image from the Actions cache when asked; the name it has then, or undefined. */
  readonly restoreNodeImage: (image: NodeImagePlan) => Promise<string | undefined>;
  /** Where the plan has a remote registry. */
  readonly remoteRegistry: RemoteRegistryUse | undefined;
}

/** What came up. */
export interface Brought {
  /** How the daemon's loopback is reached, which only the trial could tell. */
  readonly reach: TakenReach;
  /** The registry beside the cluster, where there is one. */
  readonly registry: RunningRegistry | undefined;
  readonly kind: InstalledTool;
  readonly kubectl: InstalledTool;
  /** `v1.34.4`, as the nodes run it. */
  readonly kubernetesVersion: string;
}

/**
 * Carries the plan out. Everything that can overlap does: the tools, the node image and the registry come
 * side by side; nodes are wired as soon as they exist, while kind still works.
 * The ledger has each resource before it is made; removing after a failure is the caller's (down.ts).
 */
export async function up(plan: Plan, deps: UpDeps): Promise<Brought> {
  const { docker, ledger, timeline } = deps;
  await ledger.intend({ resource: "owner-record", name: plan.record.volume });
  await docker.output(createOwnerRecordArgs(plan.record), { deadline: 60_000 });

  const kind = timeline.time("kind", () => deps.install("kind", plan.kindVersion));
  const kubectlEarly =
    plan.kubectlVersion === undefined
      ? undefined
      : timeline.time("kubectl", () => deps.install("kubectl", plan.kubectlVersion ?? ""));
  const image = timeline.time("node image", () => bringNodeImage(plan, deps));
  const registry = timeline.time("registry", () => bringRegistry(plan, deps));
  const cluster = (async () => {
    const [tool, nodeImage] = await Promise.all([kind, image]);
    const files = { kind: tool.path, kubeconfig: plan.files.kubeconfig };
    await timeline.time("cluster", () => bringCluster(plan, { ...files, nodeImage }, registry, deps));
    const seen = await registry;
    // Joining kind's network may change our container's way out, which cuts what is on its way in.
    if (plan.reach.jobContainer !== undefined) await kubectlEarly;
    const within = await timeline.time("reach", () => bringWithinReach(plan, seen, deps));
    const version = await nodeVersion(plan, deps);
    const kubectl = await (kubectlEarly ?? timeline.time("kubectl", () => deps.install("kubectl", version)));
    await Promise.all([
      timeline.time("ready", () => settle(plan, kubectl.path, deps)),
      seen === undefined ? undefined : announceRegistry(plan, kubectl.path, seen.running, deps),
      mergeContexts(plan, deps),
      within.proven,
    ]);
    return { kubectl, version, reach: within.taken };
  })();
  // All of them, although the cluster waits for the others: the first failure ends the run, and not the next wait.
  const [{ kubectl, version, reach }, seen, tool] = await Promise.all([
    cluster,
    registry,
    kind,
    image,
    kubectlEarly,
  ]);
  return { reach, registry: seen?.running, kind: tool, kubectl, kubernetesVersion: version };
}

/** The name that the node image has on the daemon. */
async function bringNodeImage({ cluster: { image } }: Plan, deps: UpDeps): Promise<string> {
  return (await deps.restoreNodeImage(image)) ?? (await ensureImage([image.reference], deps));
}

/** The registry, running, and whether our own localhost has it; a remote one, proven. */
async function bringRegistry(plan: Plan, deps: UpDeps): Promise<SeenRegistry | undefined> {
  if (plan.registry.kind === "none") return undefined;
  if (plan.registry.kind === "remote") {
    await bringRemoteRegistry(plan, plan.registry, deps);
    return undefined;
  }
  const running =
    plan.registry.kind === "shared"
      ? plan.registry
      : await createRegistry(plan.registry, { owner: plan.owner, cluster: plan.cluster.name }, deps);
  const { name, port, owner } = running;
  const reach = await lookForRegistry(running, plan.reach.looksLocal, deps);
  if (plan.registry.kind === "container") holdToConstraint(reach, plan);
  await writeFile(plan.files.buildkitd, buildkitdConfig(running), { mode: 0o600 });
  return { running: { name, port, owner }, reach };
}

async function bringRemoteRegistry(
  plan: Plan,
  remote: RemotePlan,
  { ledger, logger, remoteRegistry }: UpDeps,
): Promise<void> {
  if (remoteRegistry === undefined) throw new Error("a remote registry is planned, and nobody can use it");
  const { host, path, plainHttp } = remote.registry;
  await ledger.intend({
    resource: "remote-images",
    host,
    path,
    plainHttp,
    ca: remote.ca === undefined ? undefined : plan.files.registryCa,
    tag: plan.imageTag,
    repositories: [...remote.deleteImages],
  });
  await Promise.all([
    writeBuildkitFiles(remote, plan.files),
    proveRemoteRegistry(remote, remoteRegistry, logger),
  ]);
}

/** What each node gets, and what comes onto its network: nothing of it waits for a remote registry's answer. */
async function wiringOf(
  plan: Plan,
  registry: Promise<SeenRegistry | undefined>,
  { remoteRegistry }: UpDeps,
): Promise<Wiring> {
  if (plan.registry.kind === "remote") {
    const files = remoteRegistry === undefined ? [] : nodeFilesFor(plan.registry, remoteRegistry);
    return { files, joins: undefined };
  }
  const running = (await registry)?.running;
  return running === undefined
    ? { files: [], joins: undefined }
    : { files: hostsFiles(running), joins: running.name };
}

/** kind at work, and the wiring of each node beside it. */
async function bringCluster(
  plan: Plan,
  files: ClusterFiles,
  registry: Promise<SeenRegistry | undefined>,
  deps: UpDeps,
): Promise<void> {
  const { docker, ledger } = deps;
  const { cluster } = plan;
  if (plan.makesNetwork) await ledger.intend({ resource: "network", name: "kind" });
  const wiring = wireAsTheyCome(wiringOf(plan, registry, deps), deps);
  const watching = new AbortController();
  const watched = watchNodes(docker, cluster.name, wiring.add, watching.signal);
  try {
    const env = "name" in plan.registry ? withoutProxyFor(docker.env, plan.registry.name) : docker.env;
    const created = createCluster(cluster, files, env, deps);
    // A registry that fails, or a node that cannot be wired, ends the run now and not when kind is done.
    await Promise.race([Promise.all([created, registry]), wiring.failure, watched.then(() => created)]);
  } finally {
    watching.abort();
    await watched.catch(() => {});
  }
  // Nodes whose start was not seen, such as by a watch that began late.
  for (const { name, role } of await kindNodes(docker, cluster.name)) {
    if (role !== "external-load-balancer") wiring.add(name);
  }
  await wiring.all();
}

interface Wiring {
  readonly files: readonly NodeFile[];
  /** A container that joins the nodes' network. */
  readonly joins: string | undefined;
}

/** Wires each node once, as soon as both it and what it gets are there. */
function wireAsTheyCome(wiring: Promise<Wiring>, deps: UpDeps) {
  const { docker, ledger } = deps;
  const begun = new Map<string, Promise<void>>();
  let joined: Promise<unknown> | undefined;
  let fail: (error: unknown) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  for (const one of [failure, wiring]) one.catch(() => {}); // heard by who waits: the run, and each node
  const wire = async (node: string): Promise<void> => {
    const { files, joins } = await wiring;
    if (files.length === 0 || node.endsWith("-external-load-balancer")) return;
    ledger.throwIfStopped();
    if (joins !== undefined) joined ??= joinNetwork(docker, joins);
    await Promise.all([joined, wireNode(docker, node, files)]);
  };
  return {
    failure,
    add(node: string): void {
      if (begun.has(node)) return;
      const wired = wire(node);
      wired.catch(fail);
      begun.set(node, wired);
    },
    all: async (): Promise<void> => {
      await Promise.all(begun.values());
    },
  };
}

/** The version that the nodes run, from the image's name or from the node itself. */
async function nodeVersion(plan: Plan, { docker }: UpDeps): Promise<string> {
  const known = plan.cluster.image.kubernetesVersion;
  if (known !== undefined) return `v${known}`;
  const node = plan.cluster.config.nodes.find(({ role }) => role === "control-plane")?.name ?? "";
  return (await docker.output(["exec", node, "cat", "/kind/version"], { deadline: 30_000 })).trim();
}

async function settle(plan: Plan, kubectl: string, { runner, docker }: UpDeps): Promise<void> {
  const { cluster, files } = plan;
  if (cluster.wait === 0) return;
  await awaitReady(
    {
      kubectl,
      kubeconfig: files.kubeconfig,
      nodes: cluster.config.nodes.map(({ name }) => name),
      withoutCni: cluster.config.defaultCniDisabled,
      within: cluster.wait,
      env: docker.env,
    },
    runner,
  );
}

/** KEP-1755's ConfigMap. The cluster is new, so it cannot be there yet. */
async function announceRegistry(
  plan: Plan,
  kubectl: string,
  running: RunningRegistry,
  deps: UpDeps,
): Promise<void> {
  await deps.runner.output(
    [kubectl, "--kubeconfig", plan.files.kubeconfig, "create", "--validate=false", "--filename=-"],
    { env: deps.docker.env, input: JSON.stringify(localRegistryHosting(running)), deadline: 60_000 },
  );
}

/** The context into the job's kubeconfig, and into the user's where one was given. */
async function mergeContexts({ files, cluster }: Plan, { ledger, clock }: UpDeps): Promise<void> {
  const ours = await readIfThere(files.kubeconfig);
  const targets = [
    files.jobKubeconfig,
    ...(files.userKubeconfig === undefined ? [] : [files.userKubeconfig]),
  ];
  for (const file of targets) {
    const before = await beforeMerge(file);
    // The job's file is ours, whichever use of the step made it.
    const existed = before.existed && file !== files.jobKubeconfig;
    await ledger.intend({
      resource: "context",
      name: cluster.context,
      file,
      before: { ...before, existed },
    });
    await changeKubeconfig(file, (text) => mergeContext(text, ours, cluster.context), clock);
  }
}

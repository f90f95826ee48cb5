import { kindNodes, removeContainersArgs } from "../docker/containers.ts";
import { type Docker, linesOf, removed, saysUnkillable } from "../docker/docker.ts";
import { kindNetwork, labels } from "../docker/labels.ts";
import type { Ledger } from "../ledger.ts";
import type { ClusterPlan } from "../plan/plan.ts";
import { ConflictError } from "../support/errors.ts";
import type { Logger } from "../support/logger.ts";
import { type Argv, CommandError, type ProcessRunner, type RunResult } from "../support/process-runner.ts";

type Env = Readonly<Record<string, string | undefined>>;

interface ClusterDeps {
  readonly runner: ProcessRunner;
  readonly docker: Docker;
  readonly ledger: Ledger;
  readonly logger: Logger;
}

export interface ClusterFiles {
  /** Path of the kind program. */
  readonly kind: string;
  /** The node image by the name it has on the daemon. */
  readonly nodeImage: string;
  /** Private to this cluster: kind locks and merges, and fails when somebody else holds the lock. */
  readonly kubeconfig: string;
}

/**
 * `kind create cluster`. The config comes on stdin. --retain keeps the nodes when it fails, and with them
 * the evidence; --quiet would take away the error's text.
 */
function createClusterArgs(plan: ClusterPlan, files: ClusterFiles, verbosity: number): Argv {
  return [
    files.kind,
    "create",
    "cluster",
    "--name",
    plan.name,
    "--image",
    files.nodeImage,
    "--kubeconfig",
    files.kubeconfig,
    "--config",
    "-",
    "--retain",
    ...(verbosity === 0 ? [] : ["--verbosity", String(verbosity)]),
  ];
}

/**
 * Creates the cluster.
 * @throws ConflictError when somebody's nodes of that name appeared meanwhile, which are then not touched;
 * CommandError with kind's own words.
 */
export async function createCluster(
  plan: ClusterPlan,
  files: ClusterFiles,
  env: Env,
  { runner, ledger, logger }: ClusterDeps,
): Promise<void> {
  const intent = await ledger.intend({ resource: "cluster", name: plan.name });
  const result = await runner.run(createClusterArgs(plan, files, logger.debugging ? 4 : 0), {
    env,
    input: plan.config.yaml,
    onStderrLine: (line) => logger.info(`kind: ${line}`),
  });
  if (result.code === 0) return;
  if (!saysNodesThere(result.stderr)) throw new CommandError(result, adviceFor(result.stderr));
  // Nodes are removed by their cluster's name: these are another's.
  await intent.withdraw();
  throw nodesThere(plan.name, result);
}

/** kind's word that it found nodes of that name before it made any, or Docker's that one appeared meanwhile. */
function saysNodesThere(stderr: string): boolean {
  return /node\(s\) already exist|The container name ".*" is already in use/.test(stderr);
}

function nodesThere(cluster: string, { stderr }: RunResult): ConflictError {
  return new ConflictError({
    tried: `create the cluster ${cluster}`,
    seen: `nodes of that name appeared meanwhile (${linesOf(stderr).at(-1)?.trim()}); they are left as they are`,
    todo: `give another cluster-name, or remove them yourself if they are yours: kind delete cluster --name ${cluster}`,
  });
}

/** Texts of kind's and what they mean; from its source at v0.32.0 (pkg/cluster/internal). */
const advice: readonly (readonly [pattern: RegExp, todo: string])[] = [
  [
    /cannot unmarshal array into Go struct field .*extraArgs/,
    "kind writes kubeadm's v1beta3, where extraArgs is a map (name: value), not a list; see your config's kubeadmConfigPatches",
  ],
  [/failed to pull image/, "check the node image's name, and the daemon's way to its registry"],
  [
    /exhausted attempts trying to find a non-overlapping subnet/,
    "the daemon has no free subnet: remove unused networks (docker network prune)",
  ],
  [
    /could not find a log line that matches/,
    "the node's systemd did not come up: see the node's log below; usual causes are cgroups, inotify limits and the storage driver (https://kind.sigs.k8s.io/docs/user/known-issues/)",
  ],
  [/failed to lock config file/, "another kind holds the kubeconfig's lock: remove the stale .lock file"],
  [
    /failed to (init|join) node with kubeadm/,
    "the kubelet's last words below usually name the cause: a setting of your config, memory, disk, or cgroups",
  ],
];

/** What to do about a failure of kind's. */
function adviceFor(stderr: string): string {
  return (
    advice.find(([pattern]) => pattern.test(stderr))?.[1] ?? "see kind's output and the nodes' logs below"
  );
}

/**
 * Calls `onNode` for each node of the cluster as soon as its container runs, while kind still works. Ends
 * when `signal` says so. Nodes that it misses are the caller's to find (kindNodes).
 */
export async function watchNodes(
  docker: Docker,
  cluster: string,
  onNode: (name: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const args = [
    "events",
    "--filter=type=container",
    "--filter=event=start",
    `--filter=label=${labels.kindCluster}=${cluster}`,
    "--format={{.Actor.Attributes.name}}",
  ];
  await docker.run(args, { signal, onStdoutLine: (line) => onNode(line.trim()) }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

/** Removes the nodes of a cluster as kind does, without needing kind. */
export async function removeCluster(docker: Docker, cluster: string): Promise<void> {
  const ids = (await kindNodes(docker, cluster)).map(({ id }) => id);
  if (ids.length === 0) return;
  const remove = () => removed(docker, removeContainersArgs(ids));
  await remove().catch(async (error: unknown) => {
    if (!(error instanceof CommandError) || !saysUnkillable(error.result)) throw error;
    await Promise.all(ids.map((id) => thaw(docker, id)));
    await remove();
  });
}

/** Takes a container's id; its cgroup, and those of the pods in it, have the id in their path. */
const thawScript =
  'find /cgroup/freezer -path "*$1*" -name freezer.state | while read -r state; do echo THAWED > "$state"; done';

/**
 * On cgroup v1 a node that is killed while runc in it had a pod frozen cannot end: a frozen process does not take its
 * SIGKILL, and nobody is left to thaw it. A container of the node's own image does, on whatever machine the daemon is.
 * https://docs.kernel.org/admin-guide/cgroup-v1/freezer-subsystem.html
 */
async function thaw(docker: Docker, node: string): Promise<void> {
  const image = await docker.output(["container", "inspect", "--format", "{{.Image}}", node], {
    deadline: 30_000,
  });
  const host = ["--privileged", "--cgroupns=host", "--network=none", "--volume=/sys/fs/cgroup:/cgroup"];
  const args = ["run", "--rm", ...host, "--entrypoint=sh", image, "-c", thawScript, "sh", node];
  await docker.output(args, { deadline: 60_000 });
}

/** Removes kind's network unless somebody is on it, running or not: a stopped container could not start without it. */
export async function removeNetwork(docker: Docker): Promise<void> {
  const onIt = ["ps", "--all", "--quiet", "--filter", `network=${kindNetwork}`];
  if (linesOf(await docker.output(onIt, { deadline: 30_000 })).length > 0) return;
  const result = await docker.run(["network", "rm", kindNetwork], { deadline: 30_000 });
  // Somebody came on meanwhile: then it is theirs now.
  if (result.code !== 0 && !/active endpoints|not found|no such network/i.test(result.stderr)) {
    throw new CommandError(result, `by hand: docker network rm ${kindNetwork}`);
  }
}

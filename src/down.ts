import { rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { ownerVariable } from "./connection/endpoint.ts";
import { kindNodes, ownedContainers } from "./docker/containers.ts";
import type { Docker } from "./docker/docker.ts";
import { kindNetwork } from "./docker/labels.ts";
import { type LedgerContent, setStopMark } from "./ledger.ts";
import { removeCluster, removeNetwork } from "./resources/cluster.ts";
import { changeKubeconfig, type FileBefore, removeContext } from "./resources/kubeconfig.ts";
import { leaveNetwork, type Membership } from "./resources/membership.ts";
import { type OwnerRecord, ownerRecords, removeOwnerRecord } from "./resources/owner-record.ts";
import { removeOwnedContainers } from "./resources/registry.ts";
import { endTunnel, type TunnelRemains, tunnelRemains } from "./resources/tunnel.ts";
import type { Clock } from "./support/clock.ts";
import { messageOf } from "./support/errors.ts";
import { lives, type ProcessIdentity } from "./support/process-identity.ts";
import { end, processesMarked } from "./support/processes.ts";

export interface DownDeps {
  readonly docker: Docker;
  readonly clock: Clock;
}

/** A context in a file, and what that file was before. */
export interface MergedContext {
  readonly name: string;
  readonly file: string;
  readonly before: FileBefore;
}

/** What one use of the step made, as far as can be known: by its ledger, or by its owner record alone. */
export interface Belongings {
  readonly owner: string;
  /** The cluster is ours to remove: kind was, or may have been, started for it. */
  readonly cluster: string | undefined;
  readonly madeNetwork: boolean;
  /** Files that our context was, or may have been, merged into. */
  readonly contexts: readonly MergedContext[];
  readonly record: string | undefined;
  /** Containers that joined a network for it, such as the job's own. */
  readonly memberships: readonly Membership[];
  /** The folder of this use of the step; goes last. */
  readonly folder: string | undefined;
  readonly main: ProcessIdentity | undefined;
  readonly children: readonly ProcessIdentity[];
  /** The tunnel, where one was, or may have been, begun. */
  readonly tunnel: TunnelRemains | undefined;
}

/** What a ledger tells of. */
export function belongingsOf(ledger: LedgerContent, path: string): Belongings {
  const of = <R extends LedgerContent["entries"][number]["resource"]>(resource: R) =>
    ledger.entries.filter(
      (entry): entry is Extract<typeof entry, { resource: R }> => entry.resource === resource,
    );
  return {
    owner: ledger.owner,
    cluster: of("cluster")[0]?.name,
    madeNetwork: of("network").length > 0,
    contexts: of("context").map(({ name, file, before }) => ({ name, file, before })),
    record: of("owner-record")[0]?.name,
    memberships: of("membership").map(({ network, container }) => ({ network, container })),
    folder: dirname(path),
    main: ledger.main,
    children: ledger.children,
    tunnel: of("tunnel").map(({ id }) => tunnelRemains(id, ledger.forwarded))[0],
  };
}

/** What an owner record tells of, where there is no ledger. */
export function belongingsOfRecord(record: OwnerRecord): Belongings {
  return {
    owner: record.owner,
    cluster: record.cluster,
    madeNetwork: record.madeNetwork,
    contexts: [],
    record: record.volume,
    // It joined or it did not: leaving a network that one is not on is fine.
    memberships: record.jobContainer === "" ? [] : [{ network: kindNetwork, container: record.jobContainer }],
    folder: undefined,
    main: undefined,
    children: [],
    tunnel: tunnelRemains(undefined, undefined),
  };
}

/** Milliseconds: how long leftovers are looked for, and between two looks. */
const patience = 60_000;
const pause = 500;

/**
 * Removes what one use of the step made; works after a crash, beside a main that still lives, and again
 * after itself. Each removal stands alone, and “already gone” is success.
 * @returns a sentence for each thing that could not be removed, with how to do it by hand.
 */
export async function down(ours: Belongings, deps: DownDeps): Promise<string[]> {
  if (ours.folder !== undefined) await setStopMark(ours.folder);
  const failures = await removeUntilGone(ours, deps);
  // The record goes last: while it is there, a later job knows whose the rest is.
  if (failures.length === 0 && ours.record !== undefined) {
    failures.push(
      ...(await attempt(
        `the owner record ${ours.record}`,
        () => removeOwnerRecord(deps.docker, ours.record ?? ""),
        `docker volume rm ${ours.record}`,
      )),
    );
  }
  // After all that may be done through it.
  if (ours.tunnel !== undefined) await endTunnel(ours.owner, ours.tunnel);
  if (failures.length === 0 && ours.folder !== undefined) {
    await rm(ours.folder, { recursive: true, force: true });
    // The job's folder goes with the last use of the step in it.
    await rmdir(dirname(ours.folder)).catch(() => {});
  }
  return failures;
}

/**
 * Ends the children first, since they would go on creating, then a main that outlived a cancel.
 * @returns whether any of them was still at work: main may have started another while we looked.
 */
async function endProcesses(ours: Belongings): Promise<boolean> {
  const marked = await processesMarked(ownerVariable, ours.owner);
  const main = ours.main !== undefined && ours.main.pid !== process.pid ? [ours.main] : [];
  const known = [...ours.children, ...marked, ...main];
  const living = (await Promise.all(known.map(lives))).includes(true);
  await Promise.all([...ours.children, ...marked].map((child) => end(child)));
  await Promise.all(main.map((process) => end(process)));
  return living;
}

/**
 * Removes, then looks again: a main or a child that was still at work may have made something meanwhile, and the
 * daemon may not be done yet with what it was asked last. Done when a look finds nothing and nobody was at work.
 */
async function removeUntilGone(ours: Belongings, deps: DownDeps): Promise<string[]> {
  const until = deps.clock.now() + patience;
  for (;;) {
    const atWork = await endProcesses(ours);
    const failures = await removeOnce(ours, deps);
    const left = failures.length > 0 || (await somethingLeft(ours, deps.docker));
    if (!left && !atWork) return [];
    if (deps.clock.now() > until)
      return failures.length > 0 ? failures : [`something of ${ours.owner} is still there`];
    await deps.clock.sleep(pause);
  }
}

async function removeOnce(ours: Belongings, { docker, clock }: DownDeps): Promise<string[]> {
  const { cluster, owner } = ours;
  const removals = [
    ...(cluster === undefined
      ? []
      : [
          attempt(
            `the cluster ${cluster}`,
            () => removeCluster(docker, cluster),
            `kind delete cluster --name ${cluster}`,
          ),
        ]),
    attempt(
      "the registry",
      () => removeOwnedContainers(docker, owner),
      `docker rm -f -v $(docker ps -aq --filter label=io.kind-ci-action.owner=${owner})`,
    ),
    ...ours.memberships.map((membership) =>
      attempt(
        `the job's container on the network ${membership.network}`,
        () => leaveNetwork(docker, membership),
        `docker network disconnect ${membership.network} ${membership.container}`,
      ),
    ),
    ...ours.contexts.map(({ name, file, before }) =>
      attempt(
        `the context ${name} in ${file}`,
        () => changeKubeconfig(file, (text) => removeContext(text, name, before), clock),
        `kubectl config delete-context ${name} --kubeconfig ${file}`,
      ),
    ),
  ];
  const failures = (await Promise.all(removals)).flat();
  if (ours.madeNetwork && failures.length === 0) {
    failures.push(
      ...(await attempt(
        "the network kind",
        () => removeNetworkOfLast(ours, docker),
        "docker network rm kind",
      )),
    );
  }
  return failures;
}

/** kind's network goes with the last owner; another use of the step may have come to rely on it. */
async function removeNetworkOfLast({ owner }: Belongings, docker: Docker): Promise<void> {
  const others = (await ownerRecords(docker)).filter((record) => record.owner !== owner);
  if (others.length === 0) await removeNetwork(docker);
}

async function attempt(what: string, remove: () => Promise<void>, byHand: string): Promise<string[]> {
  try {
    await remove();
    return [];
  } catch (error) {
    return [`${what} could not be removed: ${messageOf(error)}\n  By hand: ${byHand}`];
  }
}

async function somethingLeft(
  { cluster, owner, main, children }: Belongings,
  docker: Docker,
): Promise<boolean> {
  const [nodes, containers, living] = await Promise.all([
    cluster === undefined ? [] : kindNodes(docker, cluster),
    ownedContainers(docker, owner),
    Promise.all([...(main === undefined || main.pid === process.pid ? [] : [main]), ...children].map(lives)),
  ]);
  return nodes.length > 0 || containers.length > 0 || living.includes(true);
}

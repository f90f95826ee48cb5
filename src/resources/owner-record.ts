import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import type { Docker } from "../docker/docker.ts";
import { removed } from "../docker/docker.ts";
import { kindNetwork, labels } from "../docker/labels.ts";
import type { OwnContainer } from "../docker/own-container.ts";
import { createVolumeArgs, type LabelledVolume, ownerVolumes } from "../docker/volumes.ts";
import { type Job, useFolder } from "../environment/job.ts";

/**
 * The owner record: an empty, labelled Docker volume. kind's nodes cannot carry labels of ours, so this is
 * what tells our clusters from others' and dead jobs from living ones, on any daemon.
 */
export interface OwnerRecord {
  readonly volume: string;
  readonly owner: string;
  readonly cluster: string;
  readonly repository: string;
  readonly run: string;
  readonly attempt: string;
  readonly job: string;
  readonly runner: string;
  readonly host: string;
  /** A hash of the job's folder, which is the same for all jobs of a runner and for no other runner's on that host. */
  readonly place: string;
  /** ISO 8601, by the clock of the machine that made it. */
  readonly started: string;
  /** kind's network was not on the daemon before; whoever removes the last owner removes it. */
  readonly madeNetwork: boolean;
  /** The job's container, where it may have joined kind's network for this use; else empty. */
  readonly jobContainer: string;
}

/** The record that this use of the step will leave on the daemon. */
export function newOwnerRecord(
  job: Job,
  use: {
    readonly owner: string;
    readonly cluster: string;
    readonly started: Date;
    readonly madeNetwork: boolean;
    readonly jobContainer: OwnContainer | undefined;
  },
): OwnerRecord {
  const { repository, run, attempt, job: jobId, runner, host } = job;
  return {
    volume: `kind-ci-${use.owner}`,
    owner: use.owner,
    cluster: use.cluster,
    repository,
    run,
    attempt,
    job: jobId,
    runner,
    host,
    place: placeOf(job),
    started: use.started.toISOString(),
    madeNetwork: use.madeNetwork,
    jobContainer: use.jobContainer?.networks.includes(kindNetwork) === false ? use.jobContainer.id : "",
  };
}

/** `docker volume create` for a record. Creating it again changes nothing. */
export function createOwnerRecordArgs(record: OwnerRecord): string[] {
  return createVolumeArgs(record.volume, {
    [labels.owner]: record.owner,
    [labels.cluster]: record.cluster,
    [labels.repository]: record.repository,
    [labels.run]: record.run,
    [labels.attempt]: record.attempt,
    [labels.job]: record.job,
    [labels.runner]: record.runner,
    [labels.host]: record.host,
    [labels.place]: record.place,
    [labels.started]: record.started,
    [labels.madeNetwork]: String(record.madeNetwork),
    [labels.jobContainer]: record.jobContainer,
  });
}

/** All owner records on the daemon. */
export async function ownerRecords(docker: Docker): Promise<OwnerRecord[]> {
  return (await ownerVolumes(docker)).map(recordOf);
}

function recordOf(volume: LabelledVolume): OwnerRecord {
  const label = (name: string) => volume.labels[name] ?? "";
  return {
    volume: volume.name,
    owner: label(labels.owner),
    cluster: label(labels.cluster),
    repository: label(labels.repository),
    run: label(labels.run),
    attempt: label(labels.attempt),
    job: label(labels.job),
    runner: label(labels.runner),
    host: label(labels.host),
    place: label(labels.place),
    started: label(labels.started),
    madeNetwork: label(labels.madeNetwork) === "true",
    jobContainer: label(labels.jobContainer),
  };
}

/** Removes the record; the last thing that goes. */
export function removeOwnerRecord(docker: Docker, volume: string): Promise<void> {
  return removed(docker, ["volume", "rm", volume]);
}

/** Whose a record is, seen from this job. */
export type Standing = "this-job" | "dead-job-of-this-runner" | "somebody-else";

/**
 * A runner has one job at a time and empties its temp folder before each. So a record of this runner on this
 * host whose folder is not in the temp folder belongs to a job that is over; legs of one matrix, which share
 * run and job id, are told apart too. Without a runner's name nothing is ever taken for dead.
 */
export function standingOf(
  record: OwnerRecord,
  job: Job,
  exists: (path: string) => boolean = existsSync,
): Standing {
  if (exists(useFolder(job, record.owner))) return "this-job";
  const ours =
    job.runner !== "" &&
    record.runner === job.runner &&
    record.host === job.host &&
    record.place === placeOf(job);
  return ours ? "dead-job-of-this-runner" : "somebody-else";
}

function placeOf({ folderOnHost }: Job): string {
  return createHash("sha256").update(folderOnHost).digest("hex").slice(0, 12);
}

/** Whose it is, in words for an error: repository, run, job, runner and start, as far as known. */
export function describeOwner(record: OwnerRecord): string {
  const parts = [
    record.repository === "" ? "" : `repository ${record.repository}`,
    record.run === "" ? "" : `run ${record.run} (attempt ${record.attempt}), job ${record.job}`,
    record.runner === "" ? "" : `runner ${record.runner}`,
    `host ${record.host}`,
    `since ${record.started}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

import { hostname } from "node:os";
import { isAbsolute, join, relative } from "node:path";

type Env = Readonly<Record<string, string | undefined>>;

/** Which job this is, as the runner's environment tells it. Empty strings where there is no runner. */
export interface Job {
  readonly repository: string;
  readonly run: string;
  readonly attempt: string;
  /** The job's id in the workflow; the same for all legs of a matrix. */
  readonly job: string;
  /** The runner's name; a runner has one job at a time. */
  readonly runner: string;
  /** The machine that the job runs on, by its host name; of a container whose host is not known, the container's own. */
  readonly host: string;
  /** The folder for all that lives as long as the job: one folder a use of the step, and the job's kubeconfig. */
  readonly folder: string;
  /** The same folder as `host` has it. It is of one runner and no other there, whichever container its jobs are in. */
  readonly folderOnHost: string;
}

/** Reads the job's identity. `tempFolder` is used where there is no runner. */
export function jobOf(env: Env, tempFolder: string): Job {
  const text = (name: string) => env[name] ?? "";
  const folder = join(env["RUNNER_TEMP"] || tempFolder, "kind-ci");
  return {
    repository: text("GITHUB_REPOSITORY"),
    run: text("GITHUB_RUN_ID"),
    attempt: text("GITHUB_RUN_ATTEMPT"),
    job: text("GITHUB_JOB"),
    runner: text("RUNNER_NAME"),
    host: hostname(),
    folder,
    folderOnHost: folder,
  };
}

/**
 * The job of a container whose host and mounts are known: each job of a runner has a container of its own, with a host name
 * of its own, and the runner's work folder in it. One whose folder is in no mount stays what it is.
 * @param host the name of the daemon's machine.
 */
export function jobOnHost(
  job: Job,
  host: string,
  mounts: readonly { readonly source: string; readonly destination: string }[],
): Job {
  const around = mounts
    .filter(({ source, destination }) => source !== "" && isWithin(job.folder, destination))
    .toSorted((a, b) => b.destination.length - a.destination.length)[0];
  if (host === "" || around === undefined) return job;
  return { ...job, host, folderOnHost: join(around.source, relative(around.destination, job.folder)) };
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}

/** The folder of one use of the step: its ledger, stop mark, private kubeconfig and files for BuildKit. */
export function useFolder(job: Job, owner: string): string {
  return join(job.folder, owner);
}

/** The kubeconfig that all uses of the step in this job share; KUBECONFIG names it. */
export function jobKubeconfig(job: Job): string {
  return join(job.folder, "kubeconfig");
}

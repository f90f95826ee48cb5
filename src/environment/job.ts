import { hostname } from "node:os";
import { join } from "node:path";

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
  /** The host name of the machine that this process runs on. */
  readonly host: string;
  /** The folder for all that lives as long as the job: one folder a use of the step, and the job's kubeconfig. */
  readonly folder: string;
}

/** Reads the job's identity. `tempFolder` is used where there is no runner. */
export function jobOf(env: Env, tempFolder: string): Job {
  const text = (name: string) => env[name] ?? "";
  return {
    repository: text("GITHUB_REPOSITORY"),
    run: text("GITHUB_RUN_ID"),
    attempt: text("GITHUB_RUN_ATTEMPT"),
    job: text("GITHUB_JOB"),
    runner: text("RUNNER_NAME"),
    host: hostname(),
    folder: join(env["RUNNER_TEMP"] || tempFolder, "kind-ci"),
  };
}

/** The folder of one use of the step: its ledger, stop mark, private kubeconfig and files for BuildKit. */
export function useFolder(job: Job, owner: string): string {
  return join(job.folder, owner);
}

/** The kubeconfig that all uses of the step in this job share; KUBECONFIG names it. */
export function jobKubeconfig(job: Job): string {
  return join(job.folder, "kubeconfig");
}

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Job } from "../../../script/runner/job.mjs";
import { lab } from "./machine.ts";

/** How act runs a workflow: jobs directly on this machine, as the runner's own account. */
export interface ActRun {
  /** The repository's folder, as the job sees it. */
  readonly folder: string;
  readonly event: "push" | "pull_request";
  /** The label in runs-on. */
  readonly label: string;
  /** More of act's arguments. Others can read them. */
  readonly args?: readonly string[];
  readonly payload?: object | undefined;
  readonly secrets?: Readonly<Record<string, string>>;
}

/** Runs a workflow to its end in the environment of `job`. */
export function act(job: Job, run: ActRun): Promise<{ code: number | null; log: string }> {
  const home = join(job.folder, "home");
  // Without a file of its own act asks at a terminal which images to use.
  mkdirSync(join(home, ".config/act"), { recursive: true });
  writeFileSync(join(home, ".config/act/actrc"), "");
  const args = [
    run.event,
    "--platform",
    `${run.label}=-self-hosted`,
    "--no-cache-server",
    ...(run.args ?? []),
  ];
  if (run.secrets !== undefined) {
    const lines = Object.entries(run.secrets).map(([name, value]) => `${name}=${value}\n`);
    args.push("--secret-file", written(home, "secrets", lines.join("")));
  }
  if (run.payload !== undefined)
    args.push("--eventpath", written(home, "event.json", JSON.stringify(run.payload)));
  const quoted = args.map((arg) => `'${arg.replaceAll("'", "'\\''")}'`).join(" ");
  return job.run(`cd '${run.folder}' && '${lab.bin}/act' ${quoted}`);
}

function written(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

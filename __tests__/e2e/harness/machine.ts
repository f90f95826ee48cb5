import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll } from "vitest";
import type { Job } from "../../../script/runner/job.mjs";

/** What script/test hands over of the lab; all undefined where Docker Hub can be reached and there is no lab. */
export const lab = {
  mirror: process.env["LAB_MIRROR"],
  mirrorLog: process.env["LAB_MIRROR_LOG"],
  bin: process.env["LAB_BIN"],
  docker29: process.env["LAB_DOCKER29_HOST"],
};

/** The daemon of the tests; undefined: where the docker command finds it. */
export const dockerHost = process.env["DOCKER_HOST"];

/** A `docker` call of the test's own. @throws when it fails. */
export function docker(...args: string[]): string {
  return execFileSync("docker", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** Lines of a docker listing, sorted. */
function listing(...args: string[]): string[] {
  return docker(...args)
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}

let pathWithout: string | undefined;

/** A PATH with all that the machine has, except kind and kubectl. */
export function pathWithoutTools(): string {
  if (pathWithout !== undefined) return pathWithout;
  const folder = mkdtempSync(join(tmpdir(), "path-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  for (const from of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const name of entriesOf(from)) {
      if (name === "kind" || name === "kubectl") continue;
      // The first of a name wins, as on PATH.
      if (statSync(join(folder, name), { throwIfNoEntry: false }) === undefined)
        linkTo(join(from, name), join(folder, name));
    }
  }
  pathWithout = folder;
  return folder;
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkTo(target: string, link: string): void {
  try {
    symlinkSync(target, link);
  } catch {
    // A broken link of that name is there already.
  }
}

/** What a job may leave behind: what Docker has, the job's files, its processes. */
export interface Remains {
  readonly containers: string[];
  readonly networks: string[];
  readonly volumes: string[];
  readonly files: string[];
  readonly processes: string[];
}

/** What is there now, for a comparison before and after. */
export function remainsOf(job: Job): Remains {
  return {
    containers: listing("ps", "--all", "--format", "{{.Names}}"),
    networks: listing("network", "ls", "--format", "{{.Name}}"),
    volumes: listing("volume", "ls", "--quiet"),
    files: filesBelow(job.folder).filter((file) => !runnersOwn.test(file)),
    processes: processIdsOf(job).map((pid) => readQuietly(`/proc/${pid}/cmdline`).replaceAll("\0", " ")),
  };
}

/** The runner's own files, the tool cache, which is meant to stay, and what the job's commands keep in their home. */
const runnersOwn = /^(_temp\/_runner_file_commands|_tool|home|work)/;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
}

/** Processes with the job's mark in their environment, by which a runner finds what a job left. */
export function processIdsOf(job: Job): number[] {
  const mark = `RUNNER_TRACKING_ID=${job.trackingId}`;
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && readQuietly(`/proc/${pid}/environ`).split("\0").includes(mark))
    .map(Number);
}

function readQuietly(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

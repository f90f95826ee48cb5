import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import type { Job } from "../../../script/runner/job.mjs";

/** What script/test hands over of the lab; all undefined where Docker Hub can be reached and there is no lab. */
export const lab = {
  mirror: process.env["LAB_MIRROR"],
  mirrorLog: process.env["LAB_MIRROR_LOG"],
  bin: process.env["LAB_BIN"],
  /** A Debian, to make images of. */
  rootfs: process.env["LAB_ROOTFS"],
  docker29: process.env["LAB_DOCKER29_HOST"],
  docker29Network: process.env["LAB_DOCKER29_NETWORK"],
};

/** The daemon of the tests; undefined: where the docker command finds it. */
export const dockerHost = process.env["DOCKER_HOST"];

/** A `docker` call of the test's own. @throws when it fails. */
export function docker(...args: string[]): string {
  return execFileSync("docker", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** Lines of a docker listing, sorted. */
function listing(host: string | undefined, ...args: string[]): string[] {
  return docker(...(host === undefined ? [] : ["--host", host]), ...args)
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}

/** A PATH with all that the machine has, except kind and kubectl; made by path-without-tools.ts. */
export function pathWithoutTools(): string {
  const path = process.env["E2E_PATH"];
  if (path === undefined) throw new Error("E2E_PATH is not set: run these tests as the project e2e");
  return path;
}

/** What a job may leave behind: what Docker has, the job's files, its processes. */
export interface Remains {
  readonly containers: string[];
  readonly networks: string[];
  readonly volumes: string[];
  readonly files: string[];
  readonly processes: string[];
}

/** What is there now, for a comparison before and after. @param host A daemon that is not the one of the tests. */
export function remainsOf(job: Job, host?: string): Remains {
  return {
    containers: listing(host, "ps", "--all", "--format", "{{.Names}}"),
    networks: listing(host, "network", "ls", "--format", "{{.Name}}"),
    volumes: listing(host, "volume", "ls", "--quiet"),
    files: filesBelow(job.folder).filter((file) => !runnersOwn.test(file)),
    processes: processIdsOf(job).map((pid) => readQuietly(`/proc/${pid}/cmdline`).replaceAll("\0", " ")),
  };
}

/** The runner's own files, the tool cache, which is meant to stay, and what the job's commands keep in their home. */
const runnersOwn = /^(_temp\/_runner_file_commands|_temp\/_github_home|_tool|home|work)/;

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

import { spawn } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Job, Step } from "../../../script/runner/job.mjs";
import { docker } from "./machine.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** The forms in which a password could turn up. */
export function formsOf(username: string, password: string): string[] {
  return [password, base64(password), base64(`${username}:${password}`), encodeURIComponent(password)];
}

/** A place and what is in it, to be searched. */
interface Place {
  readonly where: string;
  readonly text: string;
}

/** The places of these in which one of the forms is. */
export function placesWith(forms: readonly string[], places: readonly Place[]): string[] {
  return places.filter(({ text }) => forms.some((form) => text.includes(form))).map(({ where }) => where);
}

/** All that a use of the step can be seen by afterwards, but for its processes and the files on its nodes. */
export function placesOf(
  job: Job,
  { log, summary }: Pick<Step, "log" | "summary">,
  on?: DockerCall,
): Place[] {
  return [
    ...filesOf(job),
    { where: "log", text: withoutMasks(log) },
    { where: "summary", text: summary },
    ...dockerInspections(on),
  ];
}

/** The log as a reader sees it: the runner swallows the lines that tell it what to hide. */
export function withoutMasks(log: string): string {
  return log.replaceAll(/^::add-mask::.*$/gm, "");
}

/** All files of a job, by their path below its folder. */
function filesOf(job: Job): Place[] {
  return readdirSync(job.folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(job.folder, name), { throwIfNoEntry: false })?.isFile() === true)
    .map((name) => ({ where: name, text: readFileSync(join(job.folder, name), "latin1") }));
}

/** A `docker` call of a test's own, on the daemon that is meant. */
type DockerCall = (...args: string[]) => string;

/** What `docker inspect` tells of everything: containers with their environment and arguments, volumes, networks. */
function dockerInspections(on: DockerCall = docker): Place[] {
  const ids = (...args: string[]) =>
    on(...args)
      .split("\n")
      .filter(Boolean);
  const inspected = (kind: string, names: string[]) =>
    names.map((name) => ({ where: `${kind} ${name}`, text: on(kind, "inspect", name) }));
  return [
    ...inspected("container", ids("ps", "--all", "--format", "{{.Names}}")),
    ...inspected("volume", ids("volume", "ls", "--quiet")),
    ...inspected("network", ids("network", "ls", "--format", "{{.Name}}")),
  ];
}

/** Files on a node that may change after its start, with one of the forms in them. Images are not: they are packed. */
export function filesOnNode(node: string, forms: readonly string[], on: DockerCall = docker): string[] {
  const patterns = forms.flatMap((form) => ["-e", form]);
  const folders = ["/etc", "/kind", "/root", "/run", "/tmp", "/var/lib", "/var/log"];
  const script = 'grep -rlsF --exclude-dir=containerd "$@" 2>/dev/null || true';
  const found = on("exec", node, "sh", "-c", script, "sh", ...patterns, ...folders);
  return found.split("\n").filter(Boolean).sort();
}

/** The step's own program has the inputs in its environment: so the runner hands them over. */
const stepsOwn = /\/dist\/(main|post)\.cjs $/;

/**
 * Watches arguments and environment of every process on this machine, those in containers among them, until it is
 * stopped; a moment's process may be missed. Tells in whose a form was.
 */
export function watchProcesses(forms: readonly string[]): () => string[] {
  const seen = new Set<string>();
  const look = () => {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      const line = readQuietly(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
      const environment = stepsOwn.test(line) ? "" : readQuietly(`/proc/${pid}/environ`);
      const places = [
        { where: line, text: line },
        { where: `environment of ${line}`, text: environment },
      ];
      for (const where of placesWith(forms, places)) seen.add(where);
    }
  };
  const timer = setInterval(look, 20);
  return () => {
    clearInterval(timer);
    return [...seen].sort();
  };
}

/** Processes that have a form in their arguments, and one in its environment, until the test ends: what a watch must tell. */
export function plantedProcesses(forms: readonly string[]): string[] {
  const waiting = ["-c", "read line", "planted"];
  const plant = (args: string[], env: Record<string, string>) => {
    const child = spawn("sh", [...waiting, ...args], { env, stdio: ["pipe", "ignore", "ignore"] });
    onTestFinished(() => void child.stdin.end());
    return ["sh", ...waiting, ...args, ""].join(" ");
  };
  const lines = forms.map((form) => plant([form], {}));
  return [...lines, `environment of ${plant([], { LEAK: forms[0] ?? "" })}`].sort();
}

function readQuietly(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

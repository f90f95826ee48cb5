import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Job } from "../../../script/runner/job.mjs";
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

/** All files of a job, by their path below its folder. */
export function filesOf(job: Job): Place[] {
  return readdirSync(job.folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(job.folder, name), { throwIfNoEntry: false })?.isFile() === true)
    .map((name) => ({ where: name, text: readFileSync(join(job.folder, name), "latin1") }));
}

/** What `docker inspect` tells of everything: containers with their environment and arguments, volumes, networks. */
export function dockerInspections(): Place[] {
  const ids = (...args: string[]) =>
    docker(...args)
      .split("\n")
      .filter(Boolean);
  const inspected = (kind: string, names: string[]) =>
    names.map((name) => ({ where: `${kind} ${name}`, text: docker(kind, "inspect", name) }));
  return [
    ...inspected("container", ids("ps", "--all", "--format", "{{.Names}}")),
    ...inspected("volume", ids("volume", "ls", "--quiet")),
    ...inspected("network", ids("network", "ls", "--format", "{{.Name}}")),
  ];
}

/** Files on a node that may change after its start, with one of the forms in them. */
export function filesOnNode(node: string, forms: readonly string[]): string[] {
  const patterns = forms.flatMap((form) => ["-e", form]);
  const folders = ["/etc", "/kind", "/root", "/run", "/tmp", "/var/lib/kubelet", "/var/log"];
  const script = 'grep -rlsF "$@" 2>/dev/null || true';
  const found = docker("exec", node, "sh", "-c", script, "sh", ...patterns, ...folders);
  return found.split("\n").filter(Boolean).sort();
}

/** Watches the arguments of every process on this machine until it is stopped; a moment's process may be missed. */
export function watchArguments(forms: readonly string[]): () => string[] {
  const seen = new Set<string>();
  const look = () => {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      const line = readQuietly(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
      if (forms.some((form) => line.includes(form))) seen.add(line);
    }
  };
  const timer = setInterval(look, 20);
  return () => {
    clearInterval(timer);
    return [...seen];
  };
}

function readQuietly(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

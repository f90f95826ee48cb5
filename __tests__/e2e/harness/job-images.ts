import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { docker, lab } from "./machine.ts";

/** An image for job containers. */
export interface JobImage {
  readonly image: string;
  readonly path: string;
  remove(): void;
}

/** A Debian with the machine's docker command. */
export function debianImage(): JobImage {
  const over = mkdtempSync(join(tmpdir(), "image-"));
  addProgram("docker", join(over, "usr/local/bin"));
  return imported("debian", { base: rootfs(), over }, debianPath);
}

export const debianPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The libraries that the runner's node names, and the docker command where one is wanted; no shell. And `tail`,
 * without which the runner itself cannot keep a container.
 */
export function minimalImage({ withDocker }: { readonly withDocker: boolean }): JobImage {
  const over = mkdtempSync(join(tmpdir(), "image-"));
  if (withDocker) {
    addProgram("docker", join(over, "bin"));
    for (const library of librariesOf(programOf("docker"))) copyTo(library, over);
  }
  for (const library of librariesOf(process.execPath)) copyTo(library, over);
  const busybox = join(rootfs(), "usr/bin/busybox");
  mkdirSync(join(over, "bin"), { recursive: true });
  copyFileSync(busybox, join(over, "bin/tail"));
  for (const library of librariesOf(busybox)) copyTo(library, over);
  mkdirSync(join(over, "tmp"), { mode: 0o1777 });
  mkdirSync(join(over, "etc"));
  writeFileSync(join(over, "etc/passwd"), "root:x:0:0:root:/:/bin/none\n");
  return imported(withDocker ? "minimal" : "bare", { base: undefined, over }, "/bin");
}

/** An image of one layer: a tree, and what is put over it. The second is temporary, and goes. */
export function imported(
  name: string,
  { base, over }: { readonly base: string | undefined; readonly over: string },
  path: string,
  changes: readonly string[] = [],
): JobImage {
  const image = `kind-ci-test/${name}:${process.pid}`;
  // Folders that both have must not come twice.
  const files = base === undefined ? ["."] : filesBelow(over);
  const trees = [...(base === undefined ? [] : ["--directory", base, "."]), "--directory", over, ...files];
  const tar = execFileSync("tar", ["--create", "--numeric-owner", ...trees], { maxBuffer: 2 ** 30 });
  const flags = [`ENV PATH=${path}`, ...changes].flatMap((change) => ["--change", change]);
  execFileSync("docker", ["import", ...flags, "-", image], { input: tar, stdio: ["pipe", "pipe", "pipe"] });
  rmSync(over, { recursive: true });
  return { image, path, remove: () => docker("image", "rm", "--force", image) };
}

function filesBelow(tree: string): string[] {
  return readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(tree, join(entry.parentPath, entry.name)));
}

/** The lab's Debian. */
export function rootfs(): string {
  if (lab.rootfs === undefined) throw new Error("LAB_ROOTFS is not set: this needs the lab");
  return lab.rootfs;
}

function programOf(name: string): string {
  return execFileSync("sh", ["-c", 'command -v "$1"', "sh", name], { encoding: "utf8" }).trim();
}

/** One of the machine's programs, into a folder. */
export function addProgram(name: string, to: string): void {
  mkdirSync(to, { recursive: true });
  cpSync(programOf(name), join(to, name), { dereference: true });
}

/** None for a program that is linked statically. */
function librariesOf(program: string): string[] {
  const told = execFileSync("sh", ["-c", 'ldd "$1" 2>&1 || true', "sh", program], { encoding: "utf8" });
  return told.match(/\/[^ ]*\.so[^ ]*/g) ?? [];
}

function copyTo(file: string, tree: string): void {
  const target = join(tree, file);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(file, target, { dereference: true });
}

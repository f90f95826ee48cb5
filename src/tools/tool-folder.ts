import { createHash, randomUUID } from "node:crypto";
import {
  chmod,
  copyFile,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../support/errors.ts";

/** Where one version of a tool is kept. */
export interface ToolFolder {
  /** `<root>/kind/0.33.0/x64`. */
  readonly folder: string;
  readonly program: string;
  /** Our own file beside the program: its sha256 sum as it was when verified. */
  readonly sum: string;
  /** Beside the folder; without it the folder does not count. */
  readonly marker: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The runner's tool cache; elsewhere a folder of the user's cache. */
export function toolRoot(env: Env): string {
  if (env["RUNNER_TOOL_CACHE"]) return env["RUNNER_TOOL_CACHE"];
  const cache = env["XDG_CACHE_HOME"] || join(env["HOME"] || homedir(), ".cache");
  return join(cache, "kind-ci-action", "tools");
}

/**
 * Laid out as @actions/tool-cache has it, so that its `find` sees our tools:
 * https://github.com/actions/toolkit/blob/main/packages/tool-cache/src/tool-cache.ts
 */
export function toolFolder(root: string, name: string, version: string, nodeArch: string): ToolFolder {
  const folder = join(root, name, version.replace(/^v/, ""), nodeArch);
  return {
    folder,
    program: join(folder, name),
    sum: join(folder, `${name}.sha256`),
    marker: `${folder}.complete`,
  };
}

export type Kept =
  | { readonly state: "absent" }
  | { readonly state: "good" }
  | { readonly state: "altered"; readonly expected: string; readonly actual: string };

/**
 * Whether the tool is there, whole and unaltered: its sum is taken afresh each time.
 * @param builtIn the sum it must have, where the action knows it; else the one stored beside it holds.
 */
export async function lookInto(kept: ToolFolder, builtIn: string | undefined): Promise<Kept> {
  const [marker, stored, actual] = await Promise.all([
    readIfThere(kept.marker),
    readIfThere(kept.sum),
    sumOfFile(kept.program),
  ]);
  const expected = builtIn ?? stored?.trim();
  // Without a sum of ours it was put there by another program: nothing to check it against.
  if (marker === undefined || expected === undefined || actual === undefined) return { state: "absent" };
  return actual === expected ? { state: "good" } : { state: "altered", expected, actual };
}

/**
 * Puts a verified program into its folder. Another process may do the same at the same time: each file is
 * replaced as a whole, so a program in use stays what it was.
 */
export async function keep(file: string, sum: string, kept: ToolFolder): Promise<void> {
  await mkdir(kept.folder, { recursive: true });
  await chmod(file, 0o755);
  await move(file, kept.program);
  await replace(kept.sum, `${sum}\n`);
  await replace(kept.marker, "");
}

/**
 * What is there does not count any more. The program's file stays until a good one takes its place: another
 * process may have put a good one there in this moment, and use it.
 */
export async function distrust({ marker, sum }: ToolFolder): Promise<void> {
  await Promise.all([rm(marker, { force: true }), rm(sum, { force: true })]);
}

async function move(file: string, target: string): Promise<void> {
  try {
    await rename(file, target);
  } catch (error) {
    if (codeOf(error) !== "EXDEV") throw error;
    // The two folders are on different file systems, as in a job container.
    const near = beside(target);
    try {
      await copyFile(file, near);
      await rename(near, target);
    } finally {
      await Promise.all([rm(near, { force: true }), rm(file, { force: true })]);
    }
  }
}

async function replace(target: string, text: string): Promise<void> {
  const near = beside(target);
  await writeFile(near, text);
  await rename(near, target);
}

function beside(target: string): string {
  return join(dirname(target), `.${randomUUID()}.part`);
}

/** Of no name that a shell would look for. */
function isPart(name: string): boolean {
  return /^\.[0-9a-f-]{36}\.part$/.test(name);
}

/** Removes everything beside a program, except what another process is about to put in its place. */
export async function leaveOnly(program: string): Promise<void> {
  const folder = dirname(program);
  const others = (await readdir(folder)).filter((name) => name !== basename(program) && !isPart(name));
  await Promise.all(others.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

/** The sha256 sum, or undefined when there is no such file. */
export async function sumOfFile(path: string): Promise<string | undefined> {
  try {
    const file = await open(path);
    try {
      return await sumOf(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Through one buffer: a stream leaves as much memory behind as the file is long, until it is collected. */
async function sumOf(file: FileHandle): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(256 * 1024);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(buffer.subarray(0, bytesRead));
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "EISDIR"].includes(codeOf(error) ?? "");
}

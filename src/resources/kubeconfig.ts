import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Document, isMap, isSeq, parseDocument } from "yaml";
import * as z from "zod";
import type { Clock } from "../support/clock.ts";
import { ConflictError, codeOf } from "../support/errors.ts";
import { asLockHolder, isOfDeadHolder } from "../support/lock-holder.ts";

const named = z.looseObject({ name: z.string() });

/** A kubeconfig, as far as we look at it. */
const kubeconfig = z.looseObject({
  clusters: z.array(named).nullish(),
  users: z.array(named).nullish(),
  contexts: z
    .array(
      z.looseObject({
        name: z.string(),
        context: z.looseObject({ cluster: z.string().optional(), user: z.string().optional() }),
      }),
    )
    .nullish(),
  "current-context": z.string().nullish(),
});
type Kubeconfig = z.infer<typeof kubeconfig>;
const lists = ["clusters", "users", "contexts"] as const;

/** A kubeconfig to change: what we do not touch stays as it was written, comments and fields unknown to us included. */
interface Opened {
  readonly document: Document;
  readonly config: Kubeconfig;
}

/** @throws Error when the text is no kubeconfig. */
function open(text: string): Opened {
  // kubectl reads YAML 1.1, where a plain on, yes or 1_000 is no string.
  const document = parseDocument(text, { compat: "yaml-1.1" });
  const [fault] = document.errors;
  if (fault !== undefined) throw fault;
  const config = kubeconfig.parse(document.toJS() ?? {});
  // A lone `null` or `---` is a scalar to the parser, and nothing can be put into one.
  if (!isMap(document.contents)) document.contents = null;
  return { document, config };
}

function written({ document }: Opened): string {
  return document.toString({ lineWidth: 0 });
}

/** @throws Error when the text is no kubeconfig. */
function read(text: string): Kubeconfig {
  return open(text).config;
}

/** True when a kubeconfig has a context of that name, or a cluster or user: merging would replace any of them. */
export function hasContext(text: string, context: string): boolean {
  const { contexts, clusters, users } = read(text);
  return [contexts, clusters, users].some((list) => list?.some(({ name }) => name === context) === true);
}

/** What a file was before a context came into it: it is to be so again. */
export interface FileBefore {
  /** It was there, with whatever in it. */
  readonly existed: boolean;
  /** Its current context; empty for none. */
  readonly current: string;
}

/** @throws Error when the file is no kubeconfig. */
export async function beforeMerge(file: string): Promise<FileBefore> {
  return { existed: existsSync(file), current: read(await readIfThere(file))["current-context"] ?? "" };
}

/** `from`'s context, cluster and user added to `into` (replacing their namesakes), and made the current one. */
export function mergeContext(into: string, from: string, context: string): string {
  const target = open(into);
  const source = read(from);
  if (into === "")
    for (const [key, value] of [["apiVersion", "v1"] as const, ["kind", "Config"] as const])
      target.document.set(key, value);
  for (const list of lists) {
    const added = source[list] ?? [];
    keepOnly(target, list, ({ name }) => !added.some((other) => other.name === name));
    for (const one of added) target.document.addIn([list], target.document.createNode(one));
  }
  target.document.set("current-context", context);
  return written(target);
}

/** Drops the others; afterwards the list is there, where it was missing or empty too. */
function keepOnly(
  { document }: Opened,
  list: (typeof lists)[number],
  wanted: (entry: { readonly name: string }) => boolean,
): void {
  const found = document.get(list);
  if (isSeq(found))
    found.items = found.items.filter((item) => !isMap(item) || wanted({ name: String(item.get("name")) }));
  else document.set(list, document.createNode([]));
}

/**
 * The kubeconfig without a context and the cluster and user that only it names; undefined when nothing of
 * worth is left in a file that was not there before. Where it was the current one, the former one is again.
 */
export function removeContext(text: string, context: string, before: FileBefore): string | undefined {
  const opened = open(text);
  const { config, document } = opened;
  const gone = config.contexts?.find(({ name }) => name === context);
  if (gone === undefined) return text;
  const contexts = (config.contexts ?? []).filter(({ name }) => name !== context);
  if (
    !before.existed &&
    contexts.length === 0 &&
    (config.clusters?.length ?? 0) <= 1 &&
    (config.users?.length ?? 0) <= 1
  )
    return undefined;
  const still = (kind: "cluster" | "user", name: string) =>
    contexts.some((other) => other.context[kind] === name);
  keepOnly(opened, "contexts", ({ name }) => name !== context);
  keepOnly(opened, "clusters", ({ name }) => name !== gone.context.cluster || still("cluster", name));
  keepOnly(opened, "users", ({ name }) => name !== gone.context.user || still("user", name));
  if (config["current-context"] === context) {
    const former = contexts.some(({ name }) => name === before.current) ? before.current : "";
    document.set("current-context", former);
  }
  return written(opened);
}

/** A kubeconfig whose clusters are all at that port of our loopback: for kind's own file, which has one cluster. */
export function atLocalPort(text: string, port: number): string {
  const opened = open(text);
  for (const index of (opened.config.clusters ?? []).keys())
    opened.document.setIn(["clusters", index, "cluster", "server"], `https://127.0.0.1:${port}`);
  return written(opened);
}

/** Milliseconds that another program may hold the lock. */
const lockPatience = 10_000;

/**
 * Changes a kubeconfig as client-go does: under `<file>.lock`, made exclusively, and atomically, so that no
 * reader sees half of it. A link is followed. `change` gets "" for a file that is not there, and removes the
 * file by returning undefined. A file that is there keeps its mode; a new one is its owner's alone.
 * @throws ConflictError when the lock stays taken for ten seconds.
 */
export async function changeKubeconfig(
  file: string,
  change: (text: string) => string | undefined,
  clock: Clock,
): Promise<void> {
  const target = await realpath(file).catch(() => file);
  await mkdir(dirname(target), { recursive: true });
  const lock = `${target}.lock`;
  await takeLock(lock, clock);
  try {
    const text = await readIfThere(target);
    const changed = change(text);
    if (changed === undefined) return await rm(target, { force: true });
    if (changed === text) return;
    const temporary = `${target}.kind-ci-${process.pid}`;
    await writeFile(temporary, changed, { mode: 0o600 });
    if (existsSync(target)) await chmod(temporary, (await stat(target)).mode & 0o777);
    await rename(temporary, target);
  } finally {
    await rm(lock, { force: true });
  }
}

/** The file's text, or "" when there is none. */
export async function readIfThere(file: string): Promise<string> {
  return readFile(file, "utf8").catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return "";
    throw error;
  });
}

async function takeLock(lock: string, clock: Clock): Promise<void> {
  const holder = await asLockHolder();
  const end = clock.now() + lockPatience;
  for (;;) {
    try {
      return await writeFile(lock, holder, { flag: "wx", mode: 0o600 });
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      // A main that was killed in the middle: its post must not wait for it.
      if (await isOfDeadHolder(await readIfThere(lock))) await rm(lock, { force: true });
      if (clock.now() > end) throw lockTaken(lock);
      await clock.sleep(50);
    }
  }
}

function lockTaken(lock: string): ConflictError {
  return new ConflictError({
    tried: "change the kubeconfig",
    seen: `${lock} has been there for ten seconds`,
    todo: `if no kubectl or kind is running, remove it: rm ${lock}`,
  });
}

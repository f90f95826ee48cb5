import { mkdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { parse, stringify } from "yaml";
import * as z from "zod";
import type { Clock } from "../support/clock.ts";
import { ConflictError, codeOf } from "../support/errors.ts";
import { asLockHolder, isOfDeadHolder } from "../support/lock-holder.ts";

const named = z.looseObject({ name: z.string() });

/** A kubeconfig, with everything in it that we do not know kept as it is. */
const kubeconfig = z.looseObject({
  clusters: z.array(named).nullish(),
  users: z.array(named).nullish(),
  contexts: z
    .array(
      z.looseObject({ name: z.string(), context: z.looseObject({ cluster: z.string(), user: z.string() }) }),
    )
    .nullish(),
  "current-context": z.string().nullish(),
});
type Kubeconfig = z.infer<typeof kubeconfig>;

/** @throws Error when the text is no kubeconfig. */
function read(text: string): Kubeconfig {
  return kubeconfig.parse(parse(text) ?? {});
}

/** True when a kubeconfig has a context of that name, or a cluster or user: merging would replace any of them. */
export function hasContext(text: string, context: string): boolean {
  const { contexts, clusters, users } = read(text);
  return [contexts, clusters, users].some((list) => list?.some(({ name }) => name === context) === true);
}

/** `from`'s context, cluster and user added to `into` (replacing their namesakes), and made the current one. */
export function mergeContext(into: string, from: string, context: string): string {
  const target = read(into);
  const source = read(from);
  const merged = {
    apiVersion: "v1",
    kind: "Config",
    preferences: {},
    ...target,
    clusters: merge(target.clusters, source.clusters),
    users: merge(target.users, source.users),
    contexts: merge(target.contexts, source.contexts),
    "current-context": context,
  };
  return stringify(merged, { lineWidth: 0 });
}

function merge<T extends { name: string }>(
  target: readonly T[] | null | undefined,
  source: readonly T[] | null | undefined,
): T[] {
  const added = source ?? [];
  return [...(target ?? []).filter(({ name }) => !added.some((other) => other.name === name)), ...added];
}

/**
 * The kubeconfig without a context and the cluster and user that only it names; undefined when nothing of
 * worth is left. The current context is cleared when it was this one.
 */
export function removeContext(text: string, context: string): string | undefined {
  const config = read(text);
  const gone = config.contexts?.find(({ name }) => name === context);
  if (gone === undefined) return text;
  const contexts = (config.contexts ?? []).filter(({ name }) => name !== context);
  if (contexts.length === 0 && (config.clusters?.length ?? 0) <= 1 && (config.users?.length ?? 0) <= 1)
    return undefined;
  const still = (kind: "cluster" | "user", name: string) =>
    contexts.some((other) => other.context[kind] === name);
  const keep = (kind: "cluster" | "user", list: Kubeconfig["users"]) =>
    (list ?? []).filter(({ name }) => name !== gone.context[kind] || still(kind, name));
  return stringify(
    {
      ...config,
      contexts,
      clusters: keep("cluster", config.clusters),
      users: keep("user", config.users),
      "current-context":
        config["current-context"] === context ? (contexts[0]?.name ?? "") : (config["current-context"] ?? ""),
    },
    { lineWidth: 0 },
  );
}

/** A kubeconfig whose clusters are all at that port of our loopback: for kind's own file, which has one cluster. */
export function atLocalPort(text: string, port: number): string {
  const config = read(text);
  const clusters = (config.clusters ?? []).map((entry) => ({
    ...entry,
    cluster: { ...(entry["cluster"] as object), server: `https://127.0.0.1:${port}` },
  }));
  return stringify({ ...config, clusters }, { lineWidth: 0 });
}

/** Milliseconds that another program may hold the lock. */
const lockPatience = 10_000;

/**
 * Changes a kubeconfig as client-go does: under `<file>.lock`, made exclusively, and atomically, so that no
 * reader sees half of it. A link is followed. `change` gets "" for a file that is not there, and removes the
 * file by returning undefined.
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

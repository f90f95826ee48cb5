import * as z from "zod";
import { parsed } from "../support/json.ts";
import type { ProcessIdentity } from "../support/process-identity.ts";

/** What main leaves for post: where the ledger is, whose it is, and what was asked about removing. */
export interface SavedState {
  readonly ledger: string;
  readonly owner: string;
  readonly cluster: string;
  readonly cleanup: boolean;
}

const saved = z.object({
  ledger: z.string().min(1),
  owner: z.string().min(1),
  cluster: z.string().min(1),
  cleanup: z.enum(["true", "false"]).transform((text) => text === "true"),
});

/** What is worth keeping for later jobs (the input cache): post saves it, when nobody waits. */
const kept = z.object({
  tools: z.array(
    z.object({
      name: z.enum(["kind", "kubectl"]),
      version: z.string(),
      path: z.string(),
      source: z.enum(["path", "tool-cache", "actions-cache", "download"]),
      ms: z.number(),
    }),
  ),
  image: z.object({ reference: z.string(), digest: z.string().optional() }),
});
export interface Kept {
  readonly tools: readonly z.infer<typeof kept>["tools"][number][];
  readonly image: { readonly reference: string; readonly digest: string | undefined };
}

const keptName = "kept";

export function keptEntry(what: Kept): [name: string, value: string] {
  return [keptName, JSON.stringify(what)];
}

/** Undefined when main did not come to its end, or when it cannot be read: then there is nothing to keep. */
export function readKept(get: (name: string) => string): Kept | undefined {
  const text = get(keptName);
  if (text === "") return undefined;
  const read = kept.safeParse(parsed(text));
  if (!read.success) return undefined;
  const { tools, image } = read.data;
  return { tools, image: { reference: image.reference, digest: image.digest } };
}

/** The state as name and value, for the runner to keep. */
export function stateEntries(state: SavedState): [name: string, value: string][] {
  return Object.entries(state).map(([name, value]) => [name, String(value)]);
}

/** What main saves first of all, before it looks around: whose it will be, and which process it is. */
export function begunEntries(
  owner: string,
  main: ProcessIdentity | undefined,
): [name: string, value: string][] {
  return [
    ["owner", owner],
    ...(main === undefined ? [] : [["main", JSON.stringify(main)] satisfies [string, string]]),
  ];
}

const identity = z.object({ pid: z.number().int().positive(), startTime: z.string().min(1) });

/** The process that main is, or was; undefined when it is not known for sure. */
export function readMain(get: (name: string) => string): ProcessIdentity | undefined {
  return identity.safeParse(parsed(get("main"))).data;
}

/**
 * The state as the runner hands it to post. Undefined: there is none, or it is not whole, so it was lost.
 * `nothing-made`: main began, and ended before it opened a ledger, as when it refused; what this job has under the same
 * name is another use's.
 */
export function readState(get: (name: string) => string): SavedState | "nothing-made" | undefined {
  const state = Object.fromEntries(Object.keys(saved.shape).map((name) => [name, get(name)]));
  const read = saved.safeParse(state);
  if (read.success) return read.data;
  const { owner, ...others } = state;
  return owner !== "" && Object.values(others).every((value) => value === "") ? "nothing-made" : undefined;
}

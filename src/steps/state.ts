import * as z from "zod";

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

/** The state as name and value, for the runner to keep. */
export function stateEntries(state: SavedState): [name: string, value: string][] {
  return Object.entries(state).map(([name, value]) => [name, String(value)]);
}

/** The state as the runner hands it to post; undefined when main died before it saved any. */
export function readState(get: (name: string) => string): SavedState | undefined {
  const read = saved.safeParse(Object.fromEntries(Object.keys(saved.shape).map((name) => [name, get(name)])));
  return read.success ? read.data : undefined;
}

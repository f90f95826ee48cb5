import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { codeOf, StoppedError } from "./support/errors.ts";
import type { ProcessIdentity } from "./support/process-identity.ts";

/**
 * What is recorded of each resource: first that it will be made (an intent), then the id it got. A crash
 * between the two leaves an intent, and down looks for what it may have become.
 */
const entry = z.discriminatedUnion("resource", [
  z.object({ resource: z.literal("owner-record"), name: z.string() }),
  z.object({ resource: z.literal("network"), name: z.string() }),
  z.object({ resource: z.literal("registry"), name: z.string(), id: z.string().optional() }),
  z.object({ resource: z.literal("cluster"), name: z.string() }),
  z.object({
    resource: z.literal("context"),
    name: z.string(),
    file: z.string(),
    /** What the file was before. */
    before: z.object({ existed: z.boolean(), current: z.string() }),
  }),
  z.object({
    /** Images that later steps may push under this run's tag. */
    resource: z.literal("remote-images"),
    host: z.string(),
    path: z.string(),
    plainHttp: z.boolean(),
    /** The file with the certificate of its private authority. */
    ca: z.string().optional(),
    tag: z.string(),
    repositories: z.array(z.string()),
  }),
  /** The id is the process's: pid and start time. */
  z.object({ resource: z.literal("tunnel"), id: z.string().optional() }),
  z.object({ resource: z.literal("membership"), network: z.string(), container: z.string() }),
]);
export type LedgerEntry = z.infer<typeof entry>;

const identity = z.object({ pid: z.number().int().positive(), startTime: z.string() });

const content = z.object({
  version: z.literal(1),
  owner: z.string(),
  cluster: z.string(),
  /** What reaches the daemon that all this is on (DOCKER_HOST and the like), as main saw it. */
  dockerEnv: z.record(z.string(), z.string()),
  /** The same daemon, faster, while the tunnel lives: DOCKER_HOST of a socket that it carries. */
  forwarded: z.string().optional(),
  /** The process that brings up; down may meet it alive. */
  main: identity.optional(),
  /** Leaders of the process groups that main started. */
  children: z.array(identity),
  entries: z.array(entry),
});
export type LedgerContent = z.infer<typeof content>;

/** A resource that will be made. */
export interface Intent {
  /** It is made, and has this id. */
  made(id: string): Promise<void>;
  /** It was not made, and what has its name is somebody else's: nobody must remove it for ours. */
  withdraw(): Promise<void>;
}

const fileName = "ledger.json";
const stopName = "stop";

/** The ledger's place in the folder of one use of the step. */
export function ledgerPath(folder: string): string {
  return join(folder, fileName);
}

/**
 * The ledger as up writes it. Every change is on disk before the call returns, whole or not at all, and in
 * the order of the calls.
 */
export class Ledger {
  readonly path: string;
  #content: LedgerContent;
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;

  private constructor(path: string, first: LedgerContent) {
    this.path = path;
    this.#content = first;
  }

  /** Begins a ledger in `folder`, which is made, readable by its owner alone. */
  static async open(
    folder: string,
    first: Omit<LedgerContent, "version" | "children" | "entries">,
  ): Promise<Ledger> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const ledger = new Ledger(ledgerPath(folder), { version: 1, children: [], entries: [], ...first });
    await ledger.#write();
    return ledger;
  }

  get content(): LedgerContent {
    return this.#content;
  }

  /**
   * Records that a resource will be made, and returns where to note its id, or that it is somebody else's: then
   * down must not touch it.
   * @throws StoppedError when down has set its stop mark: then it must not be made.
   */
  async intend(intended: LedgerEntry): Promise<Intent> {
    this.throwIfStopped();
    this.#content = { ...this.#content, entries: [...this.#content.entries, intended] };
    await this.#write();
    this.throwIfStopped();
    let known = intended;
    return {
      made: (id) => {
        const noted = { ...known, id };
        const written = this.#replace(known, [noted]);
        known = noted;
        return written;
      },
      withdraw: () => this.#replace(known, []),
    };
  }

  /** Records a process group that we started. */
  async child(process: ProcessIdentity): Promise<void> {
    this.#content = { ...this.#content, children: [...this.#content.children, process] };
    await this.#write();
  }

  /** From now on nothing is made: this process itself removes, and the mark goes with the folder. */
  stop(): void {
    this.#stopped = true;
  }

  /** Looked at before each creation. @throws StoppedError */
  throwIfStopped(): void {
    if (this.#stopped)
      throw new StoppedError("this step has failed, and removes what it made; nothing more is created");
    if (existsSync(join(dirname(this.path), stopName))) {
      throw new StoppedError(
        "the post step of this job has begun to remove what was made; nothing more is created",
      );
    }
  }

  async #replace(known: LedgerEntry, by: readonly LedgerEntry[]): Promise<void> {
    const entries = this.#content.entries.flatMap((entry) => (entry === known ? by : [entry]));
    this.#content = { ...this.#content, entries };
    await this.#write();
  }

  #write(): Promise<void> {
    const write = async () => {
      const temporary = `${this.path}.new`;
      await writeFile(temporary, JSON.stringify(this.#content, null, 2), { mode: 0o600 });
      await rename(temporary, this.path);
    };
    // After a write that failed, as on a full disk, the next one is tried all the same: it writes everything.
    this.#writing = this.#writing.catch(() => {}).then(write);
    return this.#writing;
  }
}

/**
 * The ledger as down reads it; undefined when there is none (main died before it, or it was removed).
 * @throws Error when the file cannot be read, or is not a ledger of a version we know.
 */
export async function readLedger(path: string): Promise<LedgerContent | undefined> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : content.parse(JSON.parse(text));
}

/** Tells a main that still lives to create nothing more. A folder that is gone needs no mark. */
export async function setStopMark(folder: string): Promise<void> {
  await writeFile(join(folder, stopName), "").catch(() => {});
}

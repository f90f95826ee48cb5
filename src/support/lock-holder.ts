import { readlink } from "node:fs/promises";
import * as z from "zod";
import { parsed } from "./json.ts";
import { identify, lives } from "./process-identity.ts";

const form = z.object({ pid: z.number(), startTime: z.string(), processes: z.string().min(1) });

/** What a lock file says of us; nothing where processes cannot be told apart for sure. */
export async function asLockHolder(): Promise<string> {
  const [identity, processes] = await Promise.all([identify(process.pid), pidNamespace()]);
  return identity === undefined || processes === "" ? "" : JSON.stringify({ ...identity, processes });
}

/** True when a lock file was written by one of us that is dead for sure, as after a kill. Other programs leave it empty. */
export async function isOfDeadHolder(text: string): Promise<boolean> {
  const { data: holder } = form.safeParse(parsed(text));
  // A number means another process in another container.
  return holder !== undefined && holder.processes === (await pidNamespace()) && !(await lives(holder));
}

function pidNamespace(): Promise<string> {
  return readlink("/proc/self/ns/pid").catch(() => "");
}

import { readdir, readFile } from "node:fs/promises";
import { identify, lives, type ProcessIdentity } from "./process-identity.ts";
import { killGroup } from "./process-runner.ts";

/**
 * Processes whose environment has `NAME=value`, by /proc: also those whose start nobody could record, such
 * as a child begun in the instant in which its parent was killed. None where there is no /proc.
 */
export async function processesMarked(name: string, value: string): Promise<ProcessIdentity[]> {
  const wanted = `${name}=${value}`;
  const pids = (await readdir("/proc").catch(() => [])).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
      return environment.split("\0").includes(wanted) ? identify(pid) : undefined;
    }),
  );
  return found.filter(
    (process) => process !== undefined && process.pid !== globalThis.process.pid,
  ) as ProcessIdentity[];
}

/** Ends a process at once if it is still that very one, and its group where it leads one. */
export async function end(process: ProcessIdentity, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (!(await lives(process))) return;
  killGroup(process.pid, signal);
  try {
    globalThis.process.kill(process.pid, signal);
  } catch {
    // ESRCH: it went with its group
  }
}

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/**
 * A process that can be told from a later one with the same number: the kernel's start time stands beside the
 * pid, as text: only whether two are the same matters.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot, as /proc/<pid>/stat says (proc(5), field 22); a date where there is no /proc (macOS). */
  readonly startTime: string;
}

/** The identity of a living process, or undefined when there is none of that number. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return process.platform === "linux" ? undefined : identifyByPs(pid);
  const fields = fieldsOf(stat);
  // A zombie has ended; only its parent has not looked yet.
  if (fields[0] === "Z") return undefined;
  return { pid, startTime: fields[19] ?? "" };
}

/** True while that very process lives. */
export async function lives(identity: ProcessIdentity): Promise<boolean> {
  const now = await identify(identity.pid);
  return now !== undefined && now.startTime === identity.startTime;
}

/** The fields after the command name, which may hold spaces and brackets itself. */
function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** As ps tells, for systems without /proc. */
export async function identifyByPs(pid: number): Promise<ProcessIdentity | undefined> {
  const asked = promisify(execFile)("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
    env: { LC_ALL: "C" },
  });
  const [, state, startTime] =
    /^\s*(\S+)\s+(.+?)\s*$/.exec((await asked.catch(() => ({ stdout: "" }))).stdout) ?? [];
  if (startTime === undefined || state?.startsWith("Z") === true) return undefined;
  return { pid, startTime };
}

import { readFile } from "node:fs/promises";
import { hostname } from "node:os";

/** What the kernel shows of the container that this process may be in. */
export interface Traces {
  /** `/proc/self/mountinfo` (proc(5)). */
  readonly mountinfo: string;
  /** `/proc/self/cgroup`. */
  readonly cgroup: string;
  readonly hostname: string;
}

/** Reads them; empty where there are none, as on macOS. */
export async function readTraces(): Promise<Traces> {
  const [mountinfo, cgroup] = await Promise.all(
    ["/proc/self/mountinfo", "/proc/self/cgroup"].map((path) => readFile(path, "utf8").catch(() => "")),
  );
  return { mountinfo: mountinfo ?? "", cgroup: cgroup ?? "", hostname: hostname() };
}

/** Docker mounts files of its own folder of the container onto these. */
const ownFile = /\/containers\/([0-9a-f]{64})\/(?:hostname|hosts|resolv\.conf)$/;

/**
 * Ids that the container may have which this process is in, the likeliest first. They are hints and no more: whoever
 * uses one has the daemon prove it.
 */
export function idsInTraces({ mountinfo, cgroup, hostname: name }: Traces): string[] {
  const mounted = mountinfo
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, , , , target]) => target?.startsWith("/etc/"))
    .map(([, , , root]) => ownFile.exec(root ?? "")?.[1]);
  // The innermost: in a container of a container each has its part of the path.
  const grouped = cgroup.split("\n").map((line) => line.match(/[0-9a-f]{64}/g)?.at(-1));
  const named = /^[0-9a-f]{12}$/.test(name) ? [name] : [];
  const full = [...mounted, ...grouped].filter((id) => id !== undefined);
  return [...new Set([...full, ...named.filter((short) => !full.some((id) => id.startsWith(short)))])];
}

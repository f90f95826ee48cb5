import { readFile, statfs } from "node:fs/promises";

/** Bytes; a kind node image unpacked is about 1 GB, and each node writes as much again. */
const leastDisk = 5 * 1024 ** 3;
/** From kind's known issues: below these, pods fail with “too many open files”. https://kind.sigs.k8s.io/docs/user/known-issues/ */
const leastWatches = 65_536;
const leastInstances = 256;

/** Limits of the host that make clusters fail later, in odd ways. Undefined where they cannot be read. */
export interface HostLimits {
  /** Bytes free where Docker keeps its data. */
  readonly diskFree: number | undefined;
  readonly inotifyWatches: number | undefined;
  readonly inotifyInstances: number | undefined;
}

/** Reads the limits of this host; of use only when the daemon is on it. */
export async function findHostLimits(dataRoot: string): Promise<HostLimits> {
  const [diskFree, inotifyWatches, inotifyInstances] = await Promise.all([
    statfs(dataRoot).then(
      ({ bavail, bsize }) => bavail * bsize,
      () => undefined,
    ),
    numberIn("/proc/sys/fs/inotify/max_user_watches"),
    numberIn("/proc/sys/fs/inotify/max_user_instances"),
  ]);
  return { diskFree, inotifyWatches, inotifyInstances };
}

async function numberIn(path: string): Promise<number | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  const value = Number.parseInt(text, 10);
  return Number.isNaN(value) ? undefined : value;
}

/** A sentence for each limit that is too low, with what to do. */
export function limitWarnings(limits: HostLimits): string[] {
  const warnings: string[] = [];
  if (limits.diskFree !== undefined && limits.diskFree < leastDisk) {
    const free = (limits.diskFree / 1024 ** 3).toFixed(1);
    warnings.push(`Docker's disk has ${free} GB free; a cluster wants 5 GB. Free some: docker system prune.`);
  }
  if (limits.inotifyWatches !== undefined && limits.inotifyWatches < leastWatches) {
    warnings.push(inotifyWarning("max_user_watches", limits.inotifyWatches, 524_288));
  }
  if (limits.inotifyInstances !== undefined && limits.inotifyInstances < leastInstances) {
    warnings.push(inotifyWarning("max_user_instances", limits.inotifyInstances, 512));
  }
  return warnings;
}

function inotifyWarning(name: string, value: number, advised: number): string {
  return (
    `fs.inotify.${name} is ${value}; pods may fail with “too many open files”. ` +
    `Raise it: sudo sysctl fs.inotify.${name}=${advised}`
  );
}

import type { Settings } from "../settings/settings.ts";
import { type Problem, UsageError } from "../support/errors.ts";

/** What can be asked already and is not there yet. @throws UsageError */
export function throwOnNotInThisVersion({ strategy, remoteRegistry }: Settings): void {
  const problems: Problem[] = [];
  if (strategy === "remote-registry") {
    problems.push({
      input: "strategy",
      given: strategy,
      allowed: "auto, vm-local or remote-docker; remote-registry is not in this version",
    });
  }
  if (remoteRegistry !== undefined) {
    const given = remoteRegistry.prefix.host;
    problems.push({ input: "remote-registry", given, allowed: "nothing: it is not in this version" });
  }
  if (problems.length > 0) throw new UsageError(problems);
}

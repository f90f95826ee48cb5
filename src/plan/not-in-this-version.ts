import { looksLocal } from "../connection/endpoint.ts";
import type { Settings } from "../settings/settings.ts";
import { EnvironmentError, UsageError } from "../support/errors.ts";

/** What can be asked already and is not there yet. @throws UsageError */
export function throwOnNotInThisVersion({ strategy }: Settings): void {
  if (strategy !== "remote-docker") return;
  const allowed = "auto, vm-local or remote-registry; the other is not in this version";
  throw new UsageError([{ input: "strategy", given: strategy, allowed }]);
}

/**
 * A daemon whose address is another machine's: what would be built there could not be reached. One whose address
 * looks local is asked (resources/await-localhost.ts). @throws EnvironmentError
 */
export function throwOnFarDaemon(address: string): void {
  if (address === "" || looksLocal(address)) return;
  throw new EnvironmentError({
    tried: "plan a cluster that this job can reach",
    seen: `Docker is at ${address}, on another machine: ports that it publishes there are not on our localhost`,
    todo: "use a runner whose Docker daemon is on the same machine; a daemon that is elsewhere is not supported in this version",
  });
}

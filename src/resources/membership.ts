import { type Docker, removed } from "../docker/docker.ts";
import { kindNetwork } from "../docker/labels.ts";
import type { OwnContainer } from "../docker/own-container.ts";
import type { Ledger } from "../ledger.ts";
import { messageOf } from "../support/errors.ts";
import type { Logger } from "../support/logger.ts";
import { joinNetwork } from "./wiring.ts";

/** A container that is on a network for us. */
export interface Membership {
  readonly network: string;
  readonly container: string;
}

/**
 * Puts the job's container on kind's network. One that is there already, by the workflow's own wish or by an earlier
 * step, stays there after us.
 * @returns whether it is on it; where Docker refuses there is another way.
 */
export async function joinKindNetwork(
  container: OwnContainer,
  { docker, ledger, logger }: { readonly docker: Docker; readonly ledger: Ledger; readonly logger: Logger },
): Promise<boolean> {
  if (container.networks.includes(kindNetwork)) return true;
  const intent = await ledger.intend({
    resource: "membership",
    network: kindNetwork,
    container: container.id,
  });
  try {
    if ((await joinNetwork(docker, container.id)) === "was-there") await intent.withdraw();
    return true;
  } catch (error) {
    logger.info(`this job's container ${container.name} cannot join kind's network: ${messageOf(error)}`);
    return false;
  }
}

/** Takes a container off a network; one that is not on it, or that is gone, is fine. @throws CommandError */
export function leaveNetwork(docker: Docker, { network, container }: Membership): Promise<void> {
  return removed(docker, ["network", "disconnect", network, container]);
}

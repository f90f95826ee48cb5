import { type Docker, removed } from "../docker/docker.ts";
import type { Engine } from "../docker/engine.ts";
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

/** The first Engine API that lets a network come without becoming the way out: Docker 28. */
const apiWithPriority = 48;

/**
 * Options of `docker network connect` by which the job's container keeps its default route. Without, kind's network takes
 * it on every version: it has IPv4 and IPv6, and such a one goes before others; else the first name by the alphabet does.
 */
export function joinOptions(apiVersion: string): string[] {
  return Number(apiVersion.split(".")[1] ?? 0) >= apiWithPriority ? ["--gw-priority=-1"] : [];
}

/**
 * Puts the job's container on kind's network. One that is there already, by the workflow's own wish or by an earlier
 * step, stays there after us.
 * @returns whether it is on it; where Docker refuses there is another way.
 */
export async function joinKindNetwork(
  container: OwnContainer,
  { apiVersion }: Pick<Engine, "apiVersion">,
  { docker, ledger, logger }: { readonly docker: Docker; readonly ledger: Ledger; readonly logger: Logger },
): Promise<boolean> {
  if (container.networks.includes(kindNetwork)) return true;
  const intent = await ledger.intend({
    resource: "membership",
    network: kindNetwork,
    container: container.id,
  });
  try {
    if ((await joinNetwork(docker, container.id, joinOptions(apiVersion))) === "was-there")
      await intent.withdraw();
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

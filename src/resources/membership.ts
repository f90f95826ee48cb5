import { daemonConnection } from "../connection/daemon.ts";
import { type Docker, removed } from "../docker/docker.ts";
import { resolveEndpoint } from "../docker/endpoint-address.ts";
import type { Engine } from "../docker/engine.ts";
import { type EngineApi, EngineError, engineApi } from "../docker/engine-api.ts";
import { kindNetwork } from "../docker/labels.ts";
import type { OwnContainer } from "../docker/own-container.ts";
import type { Ledger } from "../ledger.ts";
import { messageOf } from "../support/errors.ts";
import type { Logger } from "../support/logger.ts";
import { joinNetwork, saysWasThere } from "./wiring.ts";

/** A container that is on a network for us. */
export interface Membership {
  readonly network: string;
  readonly container: string;
}

/** The first Engine API that lets a network come without becoming the way out: Docker 28. */
const apiWithPriority = 48;

/**
 * Puts the job's container on kind's network. One that is there already, by the workflow's own wish or by an earlier
 * step, stays there after us.
 * @returns whether it is on it; where Docker refuses there is another way.
 */
export async function joinKindNetwork(
  container: OwnContainer,
  { apiVersion }: Pick<Engine, "apiVersion">,
  { docker, ledger, logger }: { readonly docker: Docker; readonly ledger: Ledger; readonly logger: Logger },
  findApi = engineApiOf,
): Promise<boolean> {
  if (container.networks.includes(kindNetwork)) return true;
  const intent = await ledger.intend({
    resource: "membership",
    network: kindNetwork,
    container: container.id,
  });
  try {
    const api = knowsPriority(apiVersion) ? await findApi(docker) : undefined;
    const outcome = await (api === undefined
      ? joinNetwork(docker, container.id)
      : joinAsAside(api, container.id));
    if (outcome === "was-there") await intent.withdraw();
    return true;
  } catch (error) {
    logger.info(`this job's container ${container.name} cannot join kind's network: ${messageOf(error)}`);
    return false;
  }
}

function knowsPriority(apiVersion: string): boolean {
  return Number(apiVersion.split(".")[1] ?? 0) >= apiWithPriority;
}

/**
 * The job's container keeps its default route. Without the priority kind's network takes it on every version: it has IPv4
 * and IPv6, and such a one goes before others; else the first name by the alphabet does. By the Engine API, since the
 * docker command of the job's image may be older than its host's daemon, and not know the option.
 * @throws EngineError
 */
async function joinAsAside(api: EngineApi, container: string): Promise<"joined" | "was-there"> {
  const body = { Container: container, EndpointConfig: { GwPriority: -1 } };
  try {
    await api.call("POST", `/networks/${kindNetwork}/connect`, body);
    return "joined";
  } catch (error) {
    if (error instanceof EngineError && saysWasThere.test(error.message)) return "was-there";
    throw error;
  }
}

async function engineApiOf(docker: Docker): Promise<EngineApi | undefined> {
  const endpoint = await resolveEndpoint(docker);
  const connection = endpoint === undefined ? undefined : daemonConnection(endpoint, docker.env);
  return connection === undefined ? undefined : engineApi(connection);
}

/** Takes a container off a network; one that is not on it, or that is gone, is fine. @throws CommandError */
export function leaveNetwork(docker: Docker, { network, container }: Membership): Promise<void> {
  return removed(docker, ["network", "disconnect", network, container]);
}

import {
  inspectContainer,
  ownedContainers,
  registryRunArgs,
  removeContainersArgs,
} from "../docker/containers.ts";
import { type Docker, removed, saysNameTaken, saysPortTaken } from "../docker/docker.ts";
import { evidenceHeader, labels } from "../docker/labels.ts";
import { portTaken } from "../environment/ports.ts";
import type { Ledger } from "../ledger.ts";
import type { RegistryPlan } from "../plan/plan.ts";
import type { Clock } from "../support/clock.ts";
import { ConflictError } from "../support/errors.ts";
import type { Logger } from "../support/logger.ts";
import { CommandError } from "../support/process-runner.ts";
import { ensureImage } from "./images.ts";

/** A registry container that runs. */
export interface RunningRegistry {
  readonly name: string;
  /** On the daemon's loopback. */
  readonly port: number;
  /** The owner id that it answers with in the evidence header. */
  readonly owner: string;
}

interface RegistryDeps {
  readonly docker: Docker;
  readonly ledger: Ledger;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** How many ports after the usual one are tried. */
const portsTried = 100;

/**
 * Starts the registry that the plan names, and removes nothing on failure: the ledger knows it.
 * @throws ConflictError when its name or its given port was taken meanwhile, DownloadError without an image.
 */
export async function createRegistry(
  plan: Extract<RegistryPlan, { kind: "container" }>,
  owner: { readonly owner: string; readonly cluster: string },
  deps: RegistryDeps,
): Promise<RunningRegistry> {
  const image = await ensureImage(plan.images, deps);
  const intent = await deps.ledger.intend({ resource: "registry", name: plan.name });
  const first = "given" in plan.port ? plan.port.given : plan.port.from;
  const last = "given" in plan.port ? first : first + portsTried - 1;
  for (let port = first; port <= last; port++) {
    if (await portTaken(port)) continue;
    deps.ledger.throwIfStopped();
    const id = await tryPort({ name: plan.name, image, port, evidenceHeader, ...owner }, deps.docker);
    if (id === undefined) continue;
    await intent.made(id);
    if (port !== first) {
      deps.logger.notice(
        `Port ${first} is taken; the registry is at localhost:${port}. Use the output “registry”.`,
      );
    }
    return { name: plan.name, port, owner: owner.owner };
  }
  throw portConflict(first, last);
}

/** The new container's id, or undefined when the port has another owner. */
async function tryPort(
  run: Parameters<typeof registryRunArgs>[0],
  docker: Docker,
): Promise<string | undefined> {
  const result = await docker.run(registryRunArgs(run), { deadline: 120_000 });
  if (result.code === 0) return result.stdout.trim();
  if (saysPortTaken(result)) {
    // docker run leaves the container that it could not start. It carries our owner label: nothing else is removed.
    const ids = await ownedByName(docker, run.name, run.owner);
    if (ids.length > 0) await removed(docker, removeContainersArgs(ids));
    return undefined;
  }
  if (saysNameTaken(result)) throw nameConflict(run.name);
  throw new CommandError(
    result,
    "see whether the image is a registry, and `docker info` for the daemon's state",
  );
}

async function ownedByName(docker: Docker, name: string, owner: string): Promise<string[]> {
  const container = await inspectContainer(docker, name);
  return container?.labels[labels.owner] === owner ? [container.id] : [];
}

function nameConflict(name: string): ConflictError {
  return new ConflictError({
    tried: `create the registry ${name}`,
    seen: "a container of that name appeared meanwhile",
    todo: "give another registry-name, or let the two jobs run one after the other",
  });
}

function portConflict(first: number, last: number): ConflictError {
  const ports = first === last ? `port ${first} is` : `all ports from ${first} to ${last} are`;
  return new ConflictError({
    tried: "publish the registry on the daemon's loopback",
    seen: `${ports} taken`,
    todo: "give another registry-port, or end what listens there",
  });
}

/** Removes all containers of an owner, with their anonymous volumes. */
export async function removeOwnedContainers(docker: Docker, owner: string): Promise<void> {
  const ids = await ownedContainers(docker, owner);
  if (ids.length > 0) await removed(docker, removeContainersArgs(ids));
}

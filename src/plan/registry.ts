import type { Container } from "../docker/containers.ts";
import { labels, registryContainerPort } from "../docker/labels.ts";
import type { Settings } from "../settings/settings.ts";
import { ConflictError } from "../support/errors.ts";
import type { Found } from "./found.ts";
import type { Choice, RegistryPlan } from "./plan.ts";
import type { RemoteDecision } from "./remote-registry.ts";

/** The first port tried when none is given: what every local-registry recipe uses. */
const usualPort = 5000;

/**
 * A second source of the default registry image, for when Docker Hub limits or is down: the same program,
 * published by its maintainers' organisation at GitHub. https://github.com/distribution/distribution/pkgs/container/distribution
 */
const secondSource = "ghcr.io/distribution/distribution:3";

/** @throws ConflictError when the registry's name or given port has another owner. */
export function planRegistry(
  settings: Settings,
  found: Found,
  remote: RemoteDecision,
): { plan: RegistryPlan; choice: Choice } {
  if (remote.kind === "use") {
    return {
      plan: remote.plan,
      choice: { what: "registry", chosen: remote.plan.registry.prefix, why: remote.why },
    };
  }
  const asked = settings.registry;
  if (asked === false) {
    return { plan: { kind: "none" }, choice: { what: "registry", chosen: "none", why: "registry: false" } };
  }
  const there = found.registryContainer;
  if (there !== undefined && isOfThisJob(there, found)) return share(asked.name, there);
  if (found.registryPortTaken && asked.port !== undefined) {
    throw new ConflictError({
      tried: `publish the registry on port ${asked.port}`,
      seen: `something listens on 127.0.0.1:${asked.port} already`,
      todo: "give another registry-port, or none: then the next free port is taken",
    });
  }
  return {
    plan: {
      kind: "container",
      name: asked.name,
      port: asked.port === undefined ? { from: usualPort } : { given: asked.port },
      images: asked.imageGiven ? [asked.image] : [asked.image, secondSource],
    },
    choice: { what: "registry", chosen: asked.name, why: "a container beside the cluster" },
  };
}

function isOfThisJob(container: Container, found: Found): boolean {
  const owner = container.labels[labels.owner];
  return found.records.some(({ record, standing }) => record.owner === owner && standing === "this-job");
}

function share(name: string, container: Container): { plan: RegistryPlan; choice: Choice } {
  const binding = container.ports[`${registryContainerPort}/tcp`];
  if (!container.running || binding === undefined) {
    throw new ConflictError({
      tried: `share the registry ${name} of an earlier step`,
      seen: container.running ? "it publishes no port" : "it does not run",
      todo: `see \`docker logs ${name}\`, or give another registry-name`,
    });
  }
  return {
    plan: { kind: "shared", name, port: binding.port, owner: container.labels[labels.owner] ?? "" },
    choice: { what: "registry", chosen: name, why: "an earlier step of this job made it" },
  };
}

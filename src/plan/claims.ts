import type { KindNode } from "../docker/containers.ts";
import { labels } from "../docker/labels.ts";
import { describeOwner, type OwnerRecord } from "../resources/owner-record.ts";
import type { Settings } from "../settings/settings.ts";
import { ConflictError } from "../support/errors.ts";
import type { Found } from "./found.ts";

/**
 * Names on the daemon that we need and somebody has. What a dead job of this runner left is replaced;
 * anything else is never touched.
 * @throws ConflictError saying whose it seems to be.
 */
export function throwOnTakenNames(settings: Settings, found: Found): void {
  throwOnTakenCluster(settings, found);
  throwOnTakenRegistry(settings, found);
}

function throwOnTakenCluster({ clusterName }: Settings, found: Found): void {
  const claim = found.records.find(
    ({ record, standing }) => record.cluster === clusterName && standing !== "dead-job-of-this-runner",
  );
  if (claim?.standing === "this-job") {
    throw new ConflictError({
      tried: `create the cluster ${clusterName}`,
      seen: "an earlier step of this job made a cluster of that name",
      todo: "give one of the two another cluster-name",
    });
  }
  const leftovers = found.records.filter(
    ({ record, standing }) => record.cluster === clusterName && standing === "dead-job-of-this-runner",
  );
  const strangers = found.nodes.filter((node) => !leftovers.some(({ record }) => mayHaveMade(record, node)));
  if (claim === undefined && strangers.length === 0) return;
  const nodes = found.nodes.map(({ name }) => name).join(", ");
  throw new ConflictError({
    tried: `create the cluster ${clusterName}`,
    seen:
      claim === undefined
        ? `there are nodes of that name (${nodes}) that no run of this action made`
        : `the name belongs to ${describeOwner(claim.record)}`,
    todo: `give another cluster-name, or remove it yourself if it is yours: kind delete cluster --name ${clusterName}${
      claim === undefined ? "" : ` && docker volume rm ${claim.record.volume}`
    }`,
  });
}

/** Milliseconds: by how much two clocks may differ, and from the record to the last node of a slow run. */
const skew = 10 * 60_000;
const slowest = 2 * 60 * 60_000;

/** A record may outlive its nodes, if somebody removed those by hand; a cluster of that name is theirs then. */
function mayHaveMade({ started }: OwnerRecord, { created }: KindNode): boolean {
  const after = created - Date.parse(started);
  return after > -skew && after < slowest;
}

function throwOnTakenRegistry({ registry }: Settings, found: Found): void {
  const container = found.registryContainer;
  if (registry === false || container === undefined) return;
  const owner = container.labels[labels.owner];
  const claim = found.records.find(({ record }) => owner !== undefined && record.owner === owner);
  if (claim !== undefined && claim.standing !== "somebody-else") return;
  throw new ConflictError({
    tried: `create the registry ${registry.name}`,
    seen: `a container of that name is there (image ${container.image}, created ${container.created}); ${
      claim === undefined ? "no run of this action made it" : `it belongs to ${describeOwner(claim.record)}`
    }`,
    todo: `give another registry-name, or remove it yourself if it is yours: docker rm -f -v ${registry.name}`,
  });
}

/** Records of dead jobs of this runner whose cluster or registry has a name that we need. */
export function leftoversInTheWay({ clusterName, registry }: Settings, found: Found): OwnerRecord[] {
  const registryOwner = registry === false ? undefined : found.registryContainer?.labels[labels.owner];
  return found.records
    .filter(({ standing }) => standing === "dead-job-of-this-runner")
    .map(({ record }) => record)
    .filter((record) => record.cluster === clusterName || record.owner === registryOwner);
}

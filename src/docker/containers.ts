import * as z from "zod";
import { type Docker, linesOf } from "./docker.ts";
import { labels, registryContainerPort } from "./labels.ts";

/** What we look at in `docker container inspect`. */
const inspection = z.object({
  Id: z.string(),
  Name: z.string(),
  Created: z.string(),
  State: z.object({ Running: z.boolean(), Status: z.string(), ExitCode: z.number() }),
  HostConfig: z.object({ NetworkMode: z.string() }),
  Config: z.object({ Image: z.string(), Labels: z.record(z.string(), z.string()).nullable() }),
  Mounts: z.array(z.object({ Source: z.string().optional(), Destination: z.string() })).nullish(),
  NetworkSettings: z.object({
    Ports: z
      .record(z.string(), z.array(z.object({ HostIp: z.string(), HostPort: z.string() })).nullable())
      .nullable(),
    Networks: z.record(z.string(), z.unknown()).nullable(),
  }),
});

/** A folder of the daemon's machine that a container has somewhere. */
export interface Mount {
  readonly source: string;
  readonly destination: string;
}

export interface Container {
  readonly id: string;
  readonly name: string;
  readonly created: string;
  readonly running: boolean;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  readonly networks: readonly string[];
  /** As it was made: a network's name, `host`, or `container:` with another's id. */
  readonly networkMode: string;
  /** Published host ports by container port, as `5000/tcp`; the first binding of each. */
  readonly ports: Readonly<Record<string, { readonly address: string; readonly port: number }>>;
}

/** The container of that name or id, or undefined when there is none. */
export async function inspectContainer(docker: Docker, name: string): Promise<Container | undefined> {
  const result = await docker.run(["container", "inspect", name], { deadline: 30_000 });
  if (result.code !== 0) return undefined;
  return containersOf(result.stdout)[0];
}

/** Parses the answer of `docker container inspect`. */
function containersOf(json: string): Container[] {
  return z
    .array(inspection)
    .parse(JSON.parse(json))
    .map((found) => ({
      id: found.Id,
      name: found.Name.replace(/^\//, ""),
      created: found.Created,
      running: found.State.Running,
      image: found.Config.Image,
      labels: found.Config.Labels ?? {},
      mounts: (found.Mounts ?? []).map(({ Source = "", Destination }) => ({
        source: Source,
        destination: Destination,
      })),
      networks: Object.keys(found.NetworkSettings.Networks ?? {}),
      networkMode: found.HostConfig.NetworkMode,
      ports: firstBindings(found.NetworkSettings.Ports ?? {}),
    }));
}

function firstBindings(
  ports: Record<string, { HostIp: string; HostPort: string }[] | null>,
): Record<string, { address: string; port: number }> {
  const bindings: Record<string, { address: string; port: number }> = {};
  for (const [containerPort, published] of Object.entries(ports)) {
    const first = published?.[0];
    if (first !== undefined)
      bindings[containerPort] = { address: first.HostIp, port: Number(first.HostPort) };
  }
  return bindings;
}

export interface KindNode {
  readonly id: string;
  readonly name: string;
  /** control-plane, worker or external-load-balancer. */
  readonly role: string;
  /** Milliseconds since 1970, by the daemon's clock. */
  readonly created: number;
}

/** The nodes of a kind cluster, in whatever state, as kind itself finds them. */
export async function kindNodes(docker: Docker, cluster: string): Promise<KindNode[]> {
  const format = `{{.ID}} {{.Names}} {{.Label "${labels.kindRole}"}} {{.CreatedAt}}`;
  const args = [
    "ps",
    "--all",
    "--no-trunc",
    "--filter",
    `label=${labels.kindCluster}=${cluster}`,
    "--format",
    format,
  ];
  return linesOf(await docker.output(args, { deadline: 30_000 })).map((line) => {
    // The time is like 2026-01-31 12:00:00 +0000 UTC, and Date takes no name of a zone.
    const [id = "", name = "", role = "", ...created] = line.split(" ");
    return { id, name, role, created: Date.parse(created.slice(0, 3).join(" ")) };
  });
}

/** Ids of our own containers, by owner. */
export async function ownedContainers(docker: Docker, owner: string): Promise<string[]> {
  const args = ["ps", "--all", "--quiet", "--no-trunc", "--filter", `label=${labels.owner}=${owner}`];
  return linesOf(await docker.output(args, { deadline: 30_000 }));
}

/** Removal as kind does it: with the anonymous volumes. */
export function removeContainersArgs(ids: readonly string[]): string[] {
  return ["rm", "--force", "--volumes", ...ids];
}

export interface RegistryRun {
  readonly name: string;
  readonly image: string;
  /** Host port on the daemon's loopback. */
  readonly port: number;
  readonly owner: string;
  readonly cluster: string;
  readonly evidenceHeader: string;
}

/** `docker run` of the registry: on loopback only, answering with the owner id in a header. */
export function registryRunArgs(run: RegistryRun): string[] {
  return [
    "run",
    "--detach",
    "--restart=always",
    `--name=${run.name}`,
    `--label=${labels.owner}=${run.owner}`,
    `--label=${labels.cluster}=${run.cluster}`,
    `--publish=127.0.0.1:${run.port}:${registryContainerPort}`,
    "--env=OTEL_TRACES_EXPORTER=none",
    `--env=REGISTRY_HTTP_HEADERS={"X-Content-Type-Options":["nosniff"],"${run.evidenceHeader}":["${run.owner}"]}`,
    "--env=REGISTRY_STORAGE_DELETE_ENABLED=true",
    run.image,
  ];
}

import type { Docker } from "../docker/docker.ts";
import { kindNetwork, registryContainerPort } from "../docker/labels.ts";
import { CommandError } from "../support/process-runner.ts";

/** A hosts.toml for containerd on the nodes. https://github.com/containerd/containerd/blob/main/docs/hosts.md */
export interface HostsFile {
  /** The folder under certs.d: the registry's host as image references name it. */
  readonly host: string;
  readonly toml: string;
}

const certsFolder = "/etc/containerd/certs.d";

/** How pods and nodes reach the registry: by its container's name, on kind's network. */
export function registryInCluster(name: string): string {
  return `${name}:${registryContainerPort}`;
}

/**
 * What makes a node pull from the registry by the reference that was pushed (`localhost:5000/app`), by the
 * same with 127.0.0.1, and by the name that pods use.
 */
export function hostsFiles(registry: { readonly name: string; readonly port: number }): HostsFile[] {
  const inCluster = registryInCluster(registry.name);
  const toml = `server = "http://${inCluster}"\n\n[host."http://${inCluster}"]\n  capabilities = ["pull", "resolve"]\n`;
  return [`localhost:${registry.port}`, `127.0.0.1:${registry.port}`, inCluster].map((host) => ({
    host,
    toml,
  }));
}

/** One shell in the node writes all files: arguments are folder and content in turn. */
const writeScript =
  'while [ $# -gt 0 ]; do mkdir -p "$1" && printf %s "$2" > "$1/hosts.toml" || exit 1; shift 2; done';

/** `docker exec` that writes hosts files on a node. containerd reads them at each pull, so no restart. */
function writeHostsArgs(node: string, files: readonly HostsFile[]): string[] {
  const pairs = files.flatMap(({ host, toml }) => [`${certsFolder}/${host}`, toml]);
  return ["exec", "--privileged", node, "sh", "-c", writeScript, "sh", ...pairs];
}

/** Wires one node to the registry. @throws CommandError */
export async function wireNode(docker: Docker, node: string, files: readonly HostsFile[]): Promise<void> {
  await docker.output(writeHostsArgs(node, files), { deadline: 60_000 });
}

/** Puts the registry on kind's network. It may be there already (a shared one). @throws CommandError */
export async function joinNetwork(docker: Docker, container: string): Promise<void> {
  const result = await docker.run(["network", "connect", kindNetwork, container], { deadline: 60_000 });
  if (result.code !== 0 && !/already (exists|attached|connected)|endpoint with name/i.test(result.stderr)) {
    throw new CommandError(result, `see \`docker network inspect ${kindNetwork}\``);
  }
}

/**
 * The registry's name in NO_PROXY, which kind passes to the nodes: containerd would otherwise ask the proxy
 * for it. Only where there is a proxy.
 */
export function withoutProxyFor(
  env: Readonly<Record<string, string | undefined>>,
  registryName: string,
): Record<string, string | undefined> {
  const names = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"];
  if (!names.some((name) => (env[name] ?? "") !== "")) return { ...env };
  const known = env["NO_PROXY"] ?? env["no_proxy"] ?? "";
  const value = [...known.split(",").filter((host) => host !== ""), registryName].join(",");
  return { ...env, NO_PROXY: value, no_proxy: value };
}

/**
 * KEP-1755: how tools such as Tilt and Skaffold find the registry. All four fields.
 * https://github.com/kubernetes/enhancements/tree/master/keps/sig-cluster-lifecycle/generic/1755-communicating-a-local-registry
 */
export function localRegistryHosting(registry: { readonly name: string; readonly port: number }): object {
  const inCluster = registryInCluster(registry.name);
  const hosting = [
    `host: "localhost:${registry.port}"`,
    `hostFromContainerRuntime: "${inCluster}"`,
    `hostFromClusterNetwork: "${inCluster}"`,
    'help: "https://kind.sigs.k8s.io/docs/user/local-registry/"',
    "",
  ].join("\n");
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "local-registry-hosting", namespace: "kube-public" },
    data: { "localRegistryHosting.v1": hosting },
  };
}

/** A buildkitd.toml with which BuildKit's container driver pushes to the registry over plain http. */
export function buildkitdConfig(registry: { readonly name: string; readonly port: number }): string {
  return [`localhost:${registry.port}`, registryInCluster(registry.name)]
    .map((host) => `[registry."${host}"]\n  http = true\n`)
    .join("\n");
}

/** For setup-buildx-action's driver-opts: on the host's network, localhost is where the registry is. */
export const buildxDriverOpts = "network=host";

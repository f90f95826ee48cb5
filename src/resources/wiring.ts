import { posix } from "node:path";
import type { Docker } from "../docker/docker.ts";
import { kindNetwork, registryContainerPort } from "../docker/labels.ts";
import { certsFolder } from "../docker/node-paths.ts";
import type { PasswordCredentials } from "../remote-registry/credentials.ts";
import {
  containerdFiles,
  kubeletLogins,
  type NodeFile,
  type RegistryTrust,
} from "../remote-registry/node-credentials.ts";
import { CommandError } from "../support/process-runner.ts";

/** How pods and nodes reach the registry: by its container's name, on kind's network. */
export function registryInCluster(name: string): string {
  return `${name}:${registryContainerPort}`;
}

/**
 * What makes a node pull from the registry by the reference that was pushed (`localhost:5000/app`), by the
 * same with 127.0.0.1, and by the name that pods use. https://github.com/containerd/containerd/blob/main/docs/hosts.md
 */
export function hostsFiles(registry: { readonly name: string; readonly port: number }): NodeFile[] {
  const inCluster = registryInCluster(registry.name);
  const text = `server = "http://${inCluster}"\n\n[host."http://${inCluster}"]\n  capabilities = ["pull", "resolve"]\n`;
  return [`localhost:${registry.port}`, `127.0.0.1:${registry.port}`, inCluster].map((host) => ({
    path: `${certsFolder}/${host}/hosts.toml`,
    text,
    mode: 0o644,
  }));
}

/**
 * What makes a node pull from a remote registry: how it is spoken to, where that must be said, and the login, which the
 * kubelet uses for every pod. None of it changes a service account or needs a word in a manifest.
 */
export function remoteRegistryFiles(
  trust: RegistryTrust,
  login: PasswordCredentials | undefined,
): NodeFile[] {
  const logins = login === undefined ? [] : [{ registry: trust.host, credentials: login }];
  return [...containerdFiles(trust, certsFolder), ...(logins.length === 0 ? [] : [kubeletLogins(logins)])];
}

/**
 * The script that writes the files. It goes to the shell's stdin: what a file holds may be a secret, and arguments
 * can be read by others and are kept by Docker. Each file appears whole.
 */
export function writeFilesScript(files: readonly NodeFile[]): string {
  const commands = files.map(({ path, text, mode }) => {
    const [target, temporary] = [quoted(path), quoted(`${path}.new`)];
    return [
      `mkdir -p ${quoted(posix.dirname(path))}`,
      `(umask 077; printf %s ${quoted(text)} > ${temporary})`,
      `chmod ${mode.toString(8)} ${temporary}`,
      `mv ${temporary} ${target}`,
    ].join(" && ");
  });
  return `set -e\n${commands.join("\n")}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Writes files on a node. containerd reads its own at each pull and the kubelet its logins at the first, so nothing
 * restarts. @throws CommandError
 */
export async function wireNode(docker: Docker, node: string, files: readonly NodeFile[]): Promise<void> {
  const input = writeFilesScript(files);
  await docker.output(["exec", "--privileged", "--interactive", node, "sh", "-s"], {
    input,
    deadline: 60_000,
  });
}

/** What Docker says when a container is on a network already. */
export const saysWasThere = /already (exists|attached|connected)|endpoint with name/i;

/** Puts a container on kind's network. It may be there already (a shared registry). @throws CommandError */
export async function joinNetwork(docker: Docker, container: string): Promise<"joined" | "was-there"> {
  const result = await docker.run(["network", "connect", kindNetwork, container], { deadline: 60_000 });
  if (result.code === 0) return "joined";
  if (saysWasThere.test(result.stderr)) return "was-there";
  throw new CommandError(result, `see \`docker network inspect ${kindNetwork}\``);
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

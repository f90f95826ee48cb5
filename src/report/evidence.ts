import { readFile } from "node:fs/promises";
import { kindNodes } from "../docker/containers.ts";
import type { Docker } from "../docker/docker.ts";
import type { Evidence } from "../support/errors.ts";

/** What is looked at after a failure, before anything is removed. */
interface Scene {
  readonly cluster: string;
  /** The registry's container, where there is one. */
  readonly registry: string | undefined;
  /** The file of the tunnel's words; there is none without a tunnel. */
  readonly tunnelLog: string;
}

/** Milliseconds that each look may take: evidence must not hold up the failure. */
const patience = 10_000;

/**
 * The last words of everything that took part: each node's boot log and kubelet, the cluster's events, the
 * registry's log. A look that fails is left out.
 */
export async function collectEvidence(
  docker: Docker,
  { cluster, registry, tunnelLog }: Scene,
): Promise<Evidence[]> {
  const nodes = await kindNodes(docker, cluster).catch(() => []);
  const machines = nodes.filter(({ role }) => role !== "external-load-balancer").map(({ name }) => name);
  const controlPlane = nodes.find(({ role }) => role === "control-plane")?.name;
  const looks = [
    ...machines.map((node) => look(docker, `kubelet of ${node}`, kubeletArgs(node))),
    ...machines.map((node) => look(docker, `boot log of ${node}`, ["logs", "--tail", "30", node])),
    ...(controlPlane === undefined ? [] : [look(docker, "events of the cluster", eventsArgs(controlPlane))]),
    ...(registry === undefined
      ? []
      : [look(docker, `registry ${registry}`, ["logs", "--tail", "30", registry])]),
  ];
  looks.push(lookAtFile("the tunnel", tunnelLog));
  return (await Promise.all(looks)).filter((evidence) => evidence !== undefined);
}

function kubeletArgs(node: string): string[] {
  return ["exec", node, "journalctl", "--unit=kubelet", "--no-pager", "--lines=60", "--output=cat"];
}

function eventsArgs(node: string): string[] {
  const kubectl = ["kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "--request-timeout=5s"];
  return [
    "exec",
    node,
    ...kubectl,
    "get",
    "events",
    "--all-namespaces",
    "--sort-by=.metadata.creationTimestamp",
  ];
}

async function look(docker: Docker, title: string, args: readonly string[]): Promise<Evidence | undefined> {
  const result = await docker.run(args, { deadline: patience, keep: 64 * 1024 }).catch(() => undefined);
  // A look that was refused tells of itself, not of the failure.
  const text = result?.code !== 0 ? "" : `${result.stdout}${result.stderr}`.trim();
  return text === "" ? undefined : { title, text };
}

async function lookAtFile(title: string, file: string): Promise<Evidence | undefined> {
  const text = (await readFile(file, "utf8").catch(() => "")).trim();
  return text === "" ? undefined : { title, text: text.slice(-64 * 1024) };
}

/** Lines that usually name the cause. */
const telling = /\b(error|fail(ed|ure)?|unable|refused|denied|invalid|unknown|panic|fatal|oom|no space)\b/i;

/** The few lines of all evidence that most likely name the cause, without those that `known` says already. */
export function digestOf(evidence: readonly Evidence[], known: string, most = 6): string[] {
  const found: string[] = [];
  for (const { title, text } of evidence) {
    const lines = text.split("\n").filter((line) => telling.test(line) && !line.includes("level=info"));
    const last = lines.at(-1)?.trim();
    if (last !== undefined && !known.includes(last)) found.push(`${title}: ${last.slice(0, 300)}`);
  }
  return found.slice(0, most);
}

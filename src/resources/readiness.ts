import * as z from "zod";
import { span } from "../support/clock.ts";
import { type Account, TimeoutError } from "../support/errors.ts";
import type { Argv, ProcessRunner } from "../support/process-runner.ts";

type Env = Readonly<Record<string, string | undefined>>;

export interface Readiness {
  readonly kubectl: string;
  readonly kubeconfig: string;
  /** Names of the nodes that must come. */
  readonly nodes: readonly string[];
  /** Without a CNI no node turns Ready: then registered is enough, and no service account is awaited. */
  readonly withoutCni: boolean;
  /** Milliseconds. */
  readonly within: number;
  readonly env: Env;
}

/** `kubectl get nodes`, going on with each change; a line is a node's name and whether it is Ready. */
function watchNodesArgs({ kubectl, kubeconfig }: Readiness): Argv {
  const columns = 'custom-columns=NAME:.metadata.name,READY:.status.conditions[?(@.type=="Ready")].status';
  return [
    kubectl,
    "--kubeconfig",
    kubeconfig,
    "get",
    "nodes",
    "--watch",
    "--no-headers",
    "--output",
    columns,
  ];
}

/** `kubectl get serviceaccounts` of the default one, going on until it is there. */
function watchServiceAccountArgs({ kubectl, kubeconfig }: Readiness): Argv {
  return [
    kubectl,
    "--kubeconfig",
    kubeconfig,
    "get",
    "serviceaccounts",
    "--namespace=default",
    "--field-selector=metadata.name=default",
    "--watch",
    "--output=name",
  ];
}

/**
 * Waits, watching and not sleeping, until the cluster can be used: every node Ready and the default service
 * account there, without which no pod can be created. Cluster DNS is not awaited (docs/recipes.md).
 * @throws TimeoutError naming what is missing.
 */
export async function awaitReady(wanted: Readiness, runner: ProcessRunner): Promise<void> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(new Expired()), wanted.within);
  const ready = new Set<string>();
  let account = wanted.withoutCni;
  const nodesReady = watchUntil(runner, watchNodesArgs(wanted), wanted.env, over.signal, (line) => {
    const [name = "", state = ""] = line.trim().split(/\s+/);
    if (wanted.withoutCni || state === "True") ready.add(name);
    else ready.delete(name);
    return wanted.nodes.every((node) => ready.has(node));
  });
  const accountThere = wanted.withoutCni
    ? Promise.resolve()
    : watchUntil(runner, watchServiceAccountArgs(wanted), wanted.env, over.signal, (line) => {
        account = line.trim() === "serviceaccount/default";
        return account;
      });
  try {
    await Promise.all([nodesReady, accountThere]);
  } catch (error) {
    if (!(error instanceof Expired)) throw error;
    throw await timeUp(wanted, ready, account, runner);
  } finally {
    clearTimeout(timer);
    over.abort(new Expired());
  }
}

class Expired extends Error {}

/** Follows a watch until a line satisfies; begun anew when the API server closes it. */
async function watchUntil(
  runner: ProcessRunner,
  argv: Argv,
  env: Env,
  over: AbortSignal,
  satisfied: (line: string) => boolean,
): Promise<void> {
  for (;;) {
    over.throwIfAborted();
    const enough = new AbortController();
    let done = false;
    const onStdoutLine = (line: string) => {
      if (done || !satisfied(line)) return;
      done = true;
      enough.abort(new Expired());
    };
    const signal = AbortSignal.any([over, enough.signal]);
    await runner.run(argv, { env, signal, onStdoutLine }).catch((error: unknown) => {
      if (!done) throw error;
    });
    if (done) return;
    // It ended by itself, such as for an API server that restarts. A short pause, so as not to spin.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function timeUp(
  wanted: Readiness,
  ready: ReadonlySet<string>,
  account: boolean,
  runner: ProcessRunner,
): Promise<TimeoutError> {
  const missing = wanted.nodes.filter((node) => !ready.has(node));
  const reasons = await nodeReasons(wanted, runner).catch(() => new Map<string, string>());
  const seen = [
    ...missing.map((node) => `node ${node} is not Ready (${reasons.get(node) ?? "it has not registered"})`),
    ...(account ? [] : ["the default service account is not there"]),
  ];
  return new TimeoutError(readyAccount(wanted.within, seen));
}

function readyAccount(within: number, seen: readonly string[]): Account {
  return {
    tried: `see the cluster ready within ${span(within)}`,
    seen: seen.join("; "),
    todo: "see the nodes' last words below; a busy or small machine may need a longer `wait`, and `wait: 0` does not wait",
  };
}

const nodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({
        conditions: z
          .array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() }))
          .optional(),
      }),
    }),
  ),
});

async function nodeReasons(
  { kubectl, kubeconfig, env }: Readiness,
  runner: ProcessRunner,
): Promise<Map<string, string>> {
  const argv: Argv = [
    kubectl,
    "--kubeconfig",
    kubeconfig,
    "get",
    "nodes",
    "--output=json",
    "--request-timeout=5s",
  ];
  const { items } = nodeList.parse(JSON.parse(await runner.output(argv, { env, deadline: 10_000 })));
  return new Map(
    items.map(({ metadata, status }) => [
      metadata.name,
      status.conditions?.find(({ type }) => type === "Ready")?.message ?? "no condition reported",
    ]),
  );
}

import type { Docker } from "../docker/docker.ts";
import type { Clock } from "../support/clock.ts";
import { EnvironmentError } from "../support/errors.ts";
import { askLocalhost, type Reach } from "./reach.ts";
import type { RunningRegistry } from "./registry.ts";

/** Asks our own localhost for the registry that the daemon has published on its. */
export async function lookForRegistry(
  registry: RunningRegistry,
  looksLocal: boolean,
  { docker, clock }: { readonly docker: Docker; readonly clock: Clock },
): Promise<Reach> {
  const stop = new AbortController();
  return askLocalhost(registry, {
    clock,
    looksLocal,
    started: listens(docker, registry.name, stop.signal),
  }).finally(() => stop.abort());
}

/** The tunnel brings the registry to our localhost: its header proves it. @throws EnvironmentError */
export async function proveCarried(
  registry: RunningRegistry,
  { clock }: { readonly clock: Clock },
): Promise<void> {
  const reach = await askLocalhost(registry, { clock, looksLocal: true, started: Promise.resolve() });
  if (reach.ours) return;
  throw new EnvironmentError({
    tried: `reach the registry ${registry.name} through the tunnel`,
    seen: reach.seen,
    todo: "see the tunnel's log below; the cluster's node must reach the registry by its name",
  });
}

/** Resolves when the registry's log says that it listens; never when it does not. */
async function listens(docker: Docker, name: string, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const onLine = (line: string) => {
      if (line.includes("listening on")) resolve();
    };
    docker
      .run(["logs", "--follow", name], { signal, onStdoutLine: onLine, onStderrLine: onLine, keep: 1024 })
      .catch(() => {});
  });
}

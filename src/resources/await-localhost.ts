import type { Docker } from "../docker/docker.ts";
import type { Clock } from "../support/clock.ts";
import { EnvironmentError } from "../support/errors.ts";
import { askLocalhost } from "./reach.ts";
import type { RunningRegistry } from "./registry.ts";

/**
 * Makes sure that the registry answers on our own localhost.
 * @throws EnvironmentError when the daemon's loopback is not ours: what would be built there could not be reached.
 */
export async function awaitLocalhost(
  registry: RunningRegistry,
  { docker, clock }: { readonly docker: Docker; readonly clock: Clock },
): Promise<void> {
  const stop = new AbortController();
  const reach = await askLocalhost(registry, {
    clock,
    started: listens(docker, registry.name, stop.signal),
  }).finally(() => stop.abort());
  if (reach.ours) return;
  throw new EnvironmentError({
    tried: `reach the registry ${registry.name} that Docker published on its loopback`,
    seen: `${reach.seen}: Docker's loopback is not this machine's`,
    todo: "use a runner whose Docker daemon is on the same machine; a daemon that is elsewhere is not supported in this version",
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

import { type Docker, linesOf, saysRegistryBusy } from "../docker/docker.ts";
import type { Clock } from "../support/clock.ts";
import { DownloadError } from "../support/errors.ts";
import type { Logger } from "../support/logger.ts";
import { diskFull, type RunResult, saysDiskFull } from "../support/process-runner.ts";

interface PullDeps {
  readonly docker: Docker;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Tries per source, and milliseconds before the second and the third. */
const pauses = [1000, 4000] as const;

/** True when the daemon has the image already. */
async function hasImage(docker: Docker, reference: string): Promise<boolean> {
  const { code } = await docker.run(["image", "inspect", "--format", "{{.Id}}", reference], {
    deadline: 30_000,
  });
  return code === 0;
}

/**
 * Makes sure that the daemon has one of `references`, each tried in turn when the one before it is limited
 * or down, and returns the one it has.
 * @throws DownloadError naming what each source answered.
 */
export async function ensureImage(references: readonly string[], deps: PullDeps): Promise<string> {
  for (const reference of references) if (await hasImage(deps.docker, reference)) return reference;
  const refusals: string[] = [];
  for (const reference of references) {
    const refused = await pull(reference, deps);
    if (refused === undefined) return reference;
    refusals.push(`${reference}: ${lastWords(refused)}`);
    if (!saysRegistryBusy(refused)) break;
  }
  throw new DownloadError({
    tried: `pull the image ${references[0]}`,
    seen: refusals.join("; "),
    todo: adviceFor(refusals.join(" ")),
  });
}

async function pull(reference: string, { docker, logger, clock }: PullDeps): Promise<RunResult | undefined> {
  for (let attempt = 0; ; attempt++) {
    const result = await docker.run(["pull", "--quiet", reference]);
    if (result.code === 0) return undefined;
    const pause = pauses[attempt];
    if (pause === undefined || !saysRegistryBusy(result)) return result;
    logger.info(`pulling ${reference} failed (${lastWords(result)}); again in ${pause / 1000} s`);
    await clock.sleep(pause);
  }
}

function lastWords({ stderr, code }: RunResult): string {
  return linesOf(stderr).at(-1)?.trim() ?? `exit code ${code}`;
}

function adviceFor(seen: string): string {
  if (saysDiskFull(seen)) return diskFull;
  if (/toomanyrequests|rate limit/i.test(seen)) {
    return "log in to Docker Hub before this step (docker/login-action), or configure a registry mirror in the Docker daemon";
  }
  if (/manifest unknown|not found|does not exist|denied|unauthorized/i.test(seen)) {
    return "check the image's name and tag, and whether it needs a login (docker login)";
  }
  return "check the daemon's way to that registry: docker pull on the runner";
}

import * as core from "@actions/core";
import { commandEnv, endpointEnv } from "../connection/endpoint.ts";
import { down } from "../down.ts";
import { actionsLogger } from "../report/actions-logger.ts";
import { byHand } from "../report/by-hand.ts";
import { reportFailure } from "../report/failure.ts";
import { span, systemClock } from "../support/clock.ts";
import { messageOf } from "../support/errors.ts";
import type { Logger } from "../support/logger.ts";
import { systemProcessRunner } from "../support/process-runner.ts";
import { saveTools } from "../tools/install.ts";
import { saveNodeImage } from "../tools/node-image-cache.ts";
import { systemToolDeps } from "../tools/tool-deps.ts";
import { manifestsFor } from "./manifests.ts";
import { dockerFor, findRemains, settingsOf } from "./remains.ts";
import { deleteRemoteImages, type RemoteImages } from "./remote-images.ts";
import { readKept } from "./state.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** The post step: warns, and never fails a job. */
export async function postStep(env: Env): Promise<void> {
  const logger = actionsLogger();
  try {
    await removeAll(env, logger);
  } catch (error) {
    logger.warning(`Removing the cluster failed: ${messageOf(error)}`);
  }
  try {
    await keepForLaterJobs(env, logger);
  } catch (error) {
    logger.warning(`Keeping the tools for later jobs failed: ${messageOf(error)}`);
  }
}

/** For what no promise carries. */
export function warnOfDefect(error: unknown): void {
  actionsLogger().warning(reportFailure(error, [], actionsLogger()));
}

async function removeAll(env: Env, logger: Logger): Promise<void> {
  const begun = systemClock.now();
  const { remains, cleanup } = await findRemains(env, (name) => core.getState(name), logger);
  if (remains.length === 0) return logger.info("Nothing of this step is there to remove.");
  for (const { belongings, dockerEnv, images } of remains) {
    if (!cleanup) {
      logger.notice(byHand(belongings, images));
      continue;
    }
    const docker = dockerFor(env, dockerEnv);
    // Side by side: a registry that is slow to answer must not keep the cluster.
    const deleting = deleteImages(images, env, logger);
    const failures = await down(belongings, { docker, clock: systemClock });
    await deleting;
    for (const failure of failures) logger.warning(failure);
    if (failures.length === 0) {
      const what =
        belongings.cluster === undefined
          ? "what was made"
          : `the cluster ${belongings.cluster} and all that came with it`;
      logger.info(`Removed ${what} in ${span(systemClock.now() - begun)}.`);
    }
  }
}

async function deleteImages(images: readonly RemoteImages[], env: Env, logger: Logger): Promise<void> {
  const settings = settingsOf(env);
  const own = commandEnv(env, endpointEnv(undefined, env), undefined);
  const deps = { env, runner: systemProcessRunner(own), clock: systemClock, logger };
  for (const entry of images) await deleteRemoteImages(entry, settings, deps);
}

/** Puts what main brought into the Actions cache, when that was asked for. */
async function keepForLaterJobs(env: Env, logger: Logger): Promise<void> {
  const kept = readKept((name) => core.getState(name));
  const settings = settingsOf(env);
  if (kept === undefined || settings === undefined || settings.cache === "none") return;
  const own = commandEnv(env, endpointEnv(settings.endpoint, env), undefined);
  const tools = {
    ...systemToolDeps({ env, settings, logger, clock: systemClock }),
    runner: systemProcessRunner(own),
  };
  await saveTools(kept.tools, tools);
  const manifestsOf = manifestsFor(settings, tools);
  await saveNodeImage(kept.image, ["docker"], { ...tools, manifestsOf });
}

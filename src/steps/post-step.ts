import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as core from "@actions/core";
import { commandEnv, endpointEnv, socketEnv } from "../connection/endpoint.ts";
import { type Docker, dockerCommand } from "../docker/docker.ts";
import { kindNetwork } from "../docker/labels.ts";
import { type Belongings, belongingsOf, belongingsOfRecord, down } from "../down.ts";
import { type Job, jobKubeconfig, jobOf } from "../environment/job.ts";
import { type LedgerContent, ledgerPath, readLedger } from "../ledger.ts";
import { contextOf } from "../plan/make-plan.ts";
import { actionsLogger } from "../report/actions-logger.ts";
import { ownerRecords } from "../resources/owner-record.ts";
import { endTunnel, tunnelRemains } from "../resources/tunnel.ts";
import { fromInputs } from "../settings/from-inputs.ts";
import { parseSettings } from "../settings/parse-settings.ts";
import type { Settings } from "../settings/settings.ts";
import { span, systemClock } from "../support/clock.ts";
import { messageOf, UsageError } from "../support/errors.ts";
import type { Logger } from "../support/logger.ts";
import { systemProcessRunner } from "../support/process-runner.ts";
import { saveTools } from "../tools/install.ts";
import { saveNodeImage } from "../tools/node-image-cache.ts";
import { systemToolDeps } from "../tools/tool-deps.ts";
import { takesConnections } from "../tunnel/ssh-connection.ts";
import { deleteRemoteImages, type RemoteImages, remoteImagesIn } from "./remote-images.ts";
import { readKept, readState, type SavedState } from "./state.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** One use of the step that is to be removed, with the daemon that it is on. */
interface Remains {
  readonly belongings: Belongings;
  readonly dockerEnv: Readonly<Record<string, string>>;
  readonly images: readonly RemoteImages[];
}

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

async function removeAll(env: Env, logger: Logger): Promise<void> {
  const begun = systemClock.now();
  const { remains, cleanup } = await findRemains(env, logger);
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

async function findRemains(env: Env, logger: Logger): Promise<{ remains: Remains[]; cleanup: boolean }> {
  const state = readState((name) => core.getState(name));
  if (state === "nothing-made") {
    // A main that died while it looked around may have had a connection.
    await endTunnel(core.getState("owner"), tunnelRemains(undefined, undefined));
    return { remains: [], cleanup: true };
  }
  if (state !== undefined) {
    const ledger = await readLedger(state.ledger).catch((error: unknown) => {
      logger.warning(
        `The ledger ${state.ledger} cannot be read (${messageOf(error)}); going by the owner record.`,
      );
      return undefined;
    });
    if (ledger !== undefined)
      return { remains: [await remainsOf(ledger, state.ledger)], cleanup: state.cleanup };
    const remains = await byRecord(env, ({ owner }) => owner === state.owner);
    return { remains: remains.map((one) => withFiles(one, state, env)), cleanup: state.cleanup };
  }
  // The state was lost: what this job has under the asked name is ours.
  const settings = settingsOf(env);
  if (settings === undefined) return { remains: [], cleanup: true };
  const job = jobOf(env, tmpdir());
  const ledgers = await ledgersOf(job, settings.clusterName);
  if (ledgers.length > 0) return { remains: ledgers, cleanup: settings.cleanup };
  const remains = await byRecord(
    env,
    (record) =>
      record.cluster === settings.clusterName &&
      job.runner !== "" &&
      record.runner === job.runner &&
      record.host === job.host &&
      record.run === job.run &&
      record.attempt === job.attempt &&
      record.job === job.job,
  );
  return { remains, cleanup: settings.cleanup };
}

/** Undefined for inputs that main refused: it made nothing then. */
function settingsOf(env: Env): Settings | undefined {
  try {
    return parseSettings(fromInputs(env));
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
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
  await saveNodeImage(kept.image, ["docker"], tools);
}

/** Ledgers of this job for a cluster of that name. */
async function ledgersOf(job: Job, cluster: string): Promise<Remains[]> {
  const folders = await readdir(job.folder).catch(() => []);
  const found: Remains[] = [];
  for (const folder of folders) {
    const path = ledgerPath(join(job.folder, folder));
    const ledger = await readLedger(path).catch(() => undefined);
    if (ledger?.cluster === cluster) found.push(await remainsOf(ledger, path));
  }
  return found;
}

async function remainsOf(ledger: LedgerContent, path: string): Promise<Remains> {
  return {
    belongings: belongingsOf(ledger, path),
    dockerEnv: await reachableEnv(ledger),
    images: remoteImagesIn(ledger),
  };
}

/** By the tunnel while it lives: each command over ssh would log in anew. */
async function reachableEnv({ dockerEnv, forwarded }: LedgerContent): Promise<Remains["dockerEnv"]> {
  const socket = forwarded?.replace(/^unix:\/\//, "");
  if (forwarded === undefined || socket === undefined || !(await takesConnections(socket))) return dockerEnv;
  return socketEnv(forwarded, dockerEnv);
}

/** A record does not tell of files; the state and the inputs do. */
function withFiles(remains: Remains, state: SavedState, env: Env): Remains {
  const name = contextOf(state.cluster);
  const user = settingsOf(env)?.kubeconfig;
  const files = [jobKubeconfig(jobOf(env, tmpdir())), ...(user === undefined ? [] : [user])];
  const contexts = files.map((file) => ({ name, file }));
  return { ...remains, belongings: { ...remains.belongings, contexts, folder: dirname(state.ledger) } };
}

async function byRecord(
  env: Env,
  isOurs: (record: Awaited<ReturnType<typeof ownerRecords>>[number]) => boolean,
): Promise<Remains[]> {
  // The inputs are those of main, and so is the daemon.
  const dockerEnv = endpointEnv(settingsOf(env)?.endpoint, env);
  const records = await ownerRecords(dockerFor(env, dockerEnv));
  return records
    .filter(isOurs)
    .map((record) => ({ belongings: belongingsOfRecord(record), dockerEnv, images: [] }));
}

function dockerFor(env: Env, dockerEnv: Readonly<Record<string, string>>): Docker {
  const own = commandEnv(env, dockerEnv, undefined);
  return dockerCommand(systemProcessRunner(own), own);
}

function byHand(
  { cluster, owner, madeNetwork, contexts, record, memberships }: Belongings,
  images: readonly RemoteImages[],
): string {
  const commands = [
    // First: kind takes its context out of the file that KUBECONFIG names.
    ...contexts.map(({ name, file }) => `kubectl config delete-context ${name} --kubeconfig ${file}`),
    ...(cluster === undefined ? [] : [`kind delete cluster --name ${cluster}`]),
    `docker rm -f -v $(docker ps -aq --filter label=io.kind-ci-action.owner=${owner})`,
    ...memberships.map(({ network, container }) => `docker network disconnect ${network} ${container}`),
    // Not while another cluster is on it; Docker refuses then.
    ...(madeNetwork ? [`docker network rm ${kindNetwork}`] : []),
    ...(record === undefined ? [] : [`docker volume rm ${record}`]),
  ];
  const tags = images.map(({ host, tag }) => `  and the tag ${tag} in the repositories of ${host}`);
  return [
    "cleanup: false, so all stays. To remove it by hand:",
    ...commands.map((command) => `  ${command}`),
    ...tags,
  ].join("\n");
}

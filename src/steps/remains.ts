import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { commandEnv, endpointEnv, socketEnv } from "../connection/endpoint.ts";
import { type Docker, dockerCommand } from "../docker/docker.ts";
import { findContainerAroundUs } from "../docker/own-container.ts";
import { type Belongings, belongingsOf, belongingsOfRecord } from "../down.ts";
import { type Job, jobKubeconfig, jobOf, jobOnHost, useFolder } from "../environment/job.ts";
import { idsInTraces, readTraces } from "../environment/own-container.ts";
import { type LedgerContent, ledgerPath, readLedger } from "../ledger.ts";
import { contextOf, imageTagOf } from "../plan/make-plan.ts";
import { remoteRegistry } from "../remote-registry/reference.ts";
import { ownerRecords } from "../resources/owner-record.ts";
import { endTunnel, tunnelRemains } from "../resources/tunnel.ts";
import { fromInputs } from "../settings/from-inputs.ts";
import { parseSettings } from "../settings/parse-settings.ts";
import type { Settings } from "../settings/settings.ts";
import { messageOf, UsageError } from "../support/errors.ts";
import type { Logger } from "../support/logger.ts";
import { systemProcessRunner } from "../support/process-runner.ts";
import { end } from "../support/processes.ts";
import { takesConnections } from "../tunnel/ssh-connection.ts";
import { type RemoteImages, remoteImagesIn } from "./remote-images.ts";
import { readMain, readState, type SavedState } from "./state.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** One use of the step that is to be removed, with the daemon that it is on. */
export interface Remains {
  readonly belongings: Belongings;
  readonly dockerEnv: Readonly<Record<string, string>>;
  readonly images: readonly RemoteImages[];
}

/**
 * What a main left: by its ledger, else by its owner record; without any state, by what this job has under the asked name.
 */
export async function findRemains(
  env: Env,
  getState: (name: string) => string,
  logger: Logger,
): Promise<{ remains: Remains[]; cleanup: boolean }> {
  const state = readState(getState);
  if (state === "nothing-made")
    return { remains: await madeSince(env, getState), cleanup: settingsOf(env)?.cleanup ?? true };
  if (state !== undefined) {
    const ledger = await readLedger(state.ledger).catch((error: unknown) => {
      logger.warning(
        `The ledger ${state.ledger} cannot be read (${messageOf(error)}); going by the owner record.`,
      );
      return undefined;
    });
    if (ledger !== undefined)
      return { remains: [await remainsOf(ledger, state.ledger)], cleanup: state.cleanup };
    sayWhatStays(state.owner, env, logger);
    const remains = await byRecord(env, ({ owner }) => owner === state.owner);
    return { remains: remains.map((one) => withFiles(one, state, env)), cleanup: state.cleanup };
  }
  // The state was lost: what this job has under the asked name is ours.
  const settings = settingsOf(env);
  if (settings === undefined) return { remains: [], cleanup: true };
  const job = jobOf(env, tmpdir());
  const ledgers = await ledgersOf(job, settings.clusterName);
  if (ledgers.length > 0) return { remains: ledgers, cleanup: settings.cleanup };
  const placed = await onHost(job, env);
  const remains = await byRecord(
    env,
    (record) =>
      record.cluster === settings.clusterName &&
      job.runner !== "" &&
      record.runner === job.runner &&
      record.host === placed.host &&
      record.run === job.run &&
      record.attempt === job.attempt &&
      record.job === job.job,
  );
  return { remains, cleanup: settings.cleanup };
}

/**
 * A main that was cancelled while it looked around. In a job container no signal reaches it, so that it goes on; what
 * it has begun since is in its ledger. One that died may have had a connection.
 */
async function madeSince(env: Env, getState: (name: string) => string): Promise<Remains[]> {
  const owner = getState("owner");
  const main = readMain(getState);
  if (main !== undefined) await end(main);
  const path = ledgerPath(useFolder(jobOf(env, tmpdir()), owner));
  const ledger = await readLedger(path);
  if (ledger !== undefined) return [await remainsOf(ledger, path)];
  await endTunnel(owner, tunnelRemains(undefined, undefined));
  return [];
}

/** Whether images went to the remote registry is in the ledger alone. */
function sayWhatStays(owner: string, env: Env, logger: Logger): void {
  const asked = settingsOf(env)?.remoteRegistry;
  if (asked === undefined || asked.deleteImages.length === 0) return;
  const { prefix } = remoteRegistry(asked.prefix, asked.plainHttp);
  const { run, attempt } = jobOf(env, tmpdir());
  const tag = imageTagOf(run, attempt, owner);
  logger.notice(
    `The ledger is gone, and with it where images went: what was pushed under ${prefix} as ${tag} stays there.`,
  );
}

/** Undefined for inputs that main refused: it made nothing then. */
export function settingsOf(env: Env): Settings | undefined {
  try {
    return parseSettings(fromInputs(env));
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
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
  const contexts = files.map((file) => ({ name, file, before: { existed: file === user, current: "" } }));
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

/** As main found it: in a job container it goes by the machine of the daemon. */
async function onHost(job: Job, env: Env): Promise<Job> {
  const docker = dockerFor(env, endpointEnv(settingsOf(env)?.endpoint, env));
  const around = await findContainerAroundUs(docker, idsInTraces(await readTraces()));
  if (around === undefined) return job;
  const name = await docker.output(["info", "--format", "{{.Name}}"], { deadline: 40_000 });
  return jobOnHost(job, name, around.mounts);
}

export function dockerFor(env: Env, dockerEnv: Readonly<Record<string, string>>): Docker {
  const own = commandEnv(env, dockerEnv, undefined);
  return dockerCommand(systemProcessRunner(own), own);
}

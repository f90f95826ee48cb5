import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import * as core from "@actions/core";
import { endpointForLaterSteps, endpointMeant, pinned } from "../connection/context-store.ts";
import { commandEnv, endpointEnv, socketEnv } from "../connection/endpoint.ts";
import { type Docker, dockerCommand } from "../docker/docker.ts";
import { belongingsOf, belongingsOfRecord, down } from "../down.ts";
import { jobOf, useFolder } from "../environment/job.ts";
import { find } from "../find.ts";
import { findNodeImage } from "../find-node-image.ts";
import { findRemoteRegistry, type ProvePush, type RemoteRegistryFinding } from "../find-remote-registry.ts";
import { Ledger } from "../ledger.ts";
import { makePlan } from "../plan/make-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { maskCredentials } from "../remote-registry/secrets.ts";
import { actionsLogger } from "../report/actions-logger.ts";
import { collectEvidence } from "../report/evidence.ts";
import { reportFailure } from "../report/failure.ts";
import { endTunnel, recordTunnel } from "../resources/tunnel.ts";
import { fromInputs } from "../settings/from-inputs.ts";
import { parseSettings } from "../settings/parse-settings.ts";
import type { Settings } from "../settings/settings.ts";
import { type Clock, systemClock } from "../support/clock.ts";
import { type Evidence, UsageError } from "../support/errors.ts";
import type { Logger } from "../support/logger.ts";
import { identify } from "../support/process-identity.ts";
import { type ProcessRunner, systemProcessRunner } from "../support/process-runner.ts";
import { end } from "../support/processes.ts";
import { Timeline } from "../timeline.ts";
import { installTool } from "../tools/install.ts";
import { restoreNodeImage } from "../tools/node-image-cache.ts";
import { systemToolDeps, type ToolDeps } from "../tools/tool-deps.ts";
import { up } from "../up.ts";
import { tellLaterSteps } from "./later-steps.ts";
import { connectBySsh, removeFolder, type SshEndpoint, tunnelRemainsOf } from "./ssh-endpoint.ts";
import { begunEntries, stateEntries } from "./state.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** What the parts of the step share. */
interface Step {
  readonly env: Env;
  readonly settings: Settings;
  readonly owner: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly timeline: Timeline;
  readonly tools: ToolDeps;
  /** The variables that select the daemon. */
  readonly endpoint: Readonly<Record<string, string>>;
  readonly commandEnv: Env;
  /** Our one connection to a daemon at an ssh address. */
  readonly ssh: SshEndpoint | undefined;
  /** What later steps need to reach the daemon that was asked for. */
  readonly forLaterSteps: Readonly<Record<string, string>>;
}

/** The main step. It reports its own failure and never throws. */
export async function mainStep(env: Env): Promise<void> {
  const logger = actionsLogger();
  try {
    const step = await connect(await begin(env, logger));
    const { plan, remote } = await step.timeline
      .time("look around", () => decide(step))
      .catch(async (error: unknown) => {
        await letGo(step);
        throw error;
      });
    await carryOut(plan, remote, step).finally(() => step.ssh?.tunnel.leave());
  } catch (error) {
    core.setFailed(reportFailure(error, [], logger));
  }
}

/** For what no promise carries. Post removes what there is. */
export function failAtOnce(error: unknown): never {
  core.setFailed(reportFailure(error, [], actionsLogger()));
  process.exit(1);
}

async function begin(env: Env, logger: Logger): Promise<Omit<Step, "ssh" | "forLaterSteps">> {
  if (process.platform === "win32") {
    throw new UsageError([
      { input: "runs-on", given: "Windows", allowed: "a Linux runner (kind's nodes are Linux containers)" },
    ]);
  }
  const settings = parseSettings(fromInputs(env));
  maskInputs(settings, logger);
  const owner = randomBytes(6).toString("hex");
  for (const entry of begunEntries(owner, await identify(process.pid))) core.saveState(...entry);
  const endpoint = pinned(endpointEnv(settings.endpoint, env), env);
  const clock = systemClock;
  return {
    env,
    settings,
    owner,
    logger,
    clock,
    timeline: new Timeline(clock),
    tools: systemToolDeps({ env, settings, logger, clock }),
    endpoint,
    commandEnv: commandEnv(env, endpoint, owner),
  };
}

/** Before anything is said. What docker login left is masked as it is found. */
function maskInputs({ token, remoteRegistry }: Settings, logger: Logger): void {
  if (token !== undefined) logger.mask(token);
  const { username = "", password = "" } = remoteRegistry ?? {};
  if (password !== "") maskCredentials(logger, { kind: "password", username, password });
}

/** An ssh address becomes a socket here; any other endpoint stays what it is. */
async function connect(step: Omit<Step, "ssh" | "forLaterSteps">): Promise<Step> {
  const { env, endpoint, settings, owner, timeline } = step;
  const meant = endpointMeant({ HOME: env["HOME"], ...endpoint });
  if (meant?.host.startsWith("ssh:") !== true) {
    const given = meant !== undefined && settings.endpoint !== undefined;
    return { ...step, ssh: undefined, forLaterSteps: given ? endpointForLaterSteps(meant, env) : {} };
  }
  const folder = useFolder(jobOf(env, tmpdir()), owner);
  const ssh = await timeline.time("ssh", () => connectBySsh(meant.host, owner, folder, step.commandEnv));
  if (ssh === undefined) return { ...step, ssh, forLaterSteps: {} };
  if (ssh.way === "forwardOnly")
    step.logger.info(
      "ssh: the account may only forward, so no session is opened; an sshd before OpenSSH 10.1 then holds some answers back for 40 ms",
    );
  const here = { host: ssh.host, named: false, skipTlsVerify: false, tlsFolder: undefined };
  return {
    ...step,
    commandEnv: commandEnv(env, socketEnv(ssh.host, env), owner),
    ssh,
    forLaterSteps: endpointForLaterSteps(here, env),
  };
}

/** For a run that ends before it made anything. */
async function letGo({ ssh, env, owner }: Step): Promise<void> {
  if (ssh === undefined) return;
  await endTunnel(owner, tunnelRemainsOf(ssh));
  await removeFolder(useFolder(jobOf(env, tmpdir()), owner));
}

/** Looks, decides, and says what was decided. Nothing is made. */
async function decide(step: Step): Promise<{ plan: Plan; remote: RemoteRegistryFinding | undefined }> {
  const { env, settings, logger } = step;
  const runner = systemProcessRunner(step.commandEnv);
  const docker = dockerCommand(runner, step.commandEnv);
  let remote: RemoteRegistryFinding | undefined;
  const found = await find(settings, jobOf(env, tmpdir()), {
    docker,
    resolveImage: () => findNodeImage(settings, step.tools),
    lookAtRemoteRegistry: async () => {
      remote = await findRemoteRegistry(settings, { env, runner, clock: step.clock, logger, provePush });
      return remote?.found;
    },
  });
  const plan = makePlan(settings, found, { owner: step.owner, now: new Date() });
  for (const { what, chosen, why } of plan.choices) logger.info(`${what}: ${chosen} (${why})`);
  if (plan.standIn !== undefined) logger.notice(plan.standIn);
  for (const notice of plan.notices) logger.info(notice);
  for (const warning of plan.warnings) logger.warning(warning);
  return { plan, remote };
}

const provePush: ProvePush = async (options, repository) =>
  (await import("../remote-registry/registry-access.lazy.ts")).provePushAt(options, repository);

async function carryOut(plan: Plan, remote: RemoteRegistryFinding | undefined, step: Step): Promise<void> {
  const ledger = await openLedger(plan, step);
  const runner = recordingRunner(step, ledger);
  const docker = dockerCommand(runner, step.commandEnv);
  const tools = { ...step.tools, runner, temporaryFolder: plan.files.folder };
  endChildrenOnSignal(ledger);
  try {
    await removeLeftovers(plan, docker, step);
    const brought = await up(plan, {
      runner,
      docker,
      ledger,
      logger: step.logger,
      clock: step.clock,
      timeline: step.timeline,
      tunnel: step.ssh?.tunnel,
      install: (name, version) => installTool({ name, version }, tools),
      restoreNodeImage: (image) => restoreNodeImage(image, ["docker"], tools),
      remoteRegistry: remote && {
        credentials: remote.access.credentials,
        provePush: () => provePush(remote.access, remote.repository),
      },
    });
    await tellLaterSteps(plan, brought, { ...step, endpoint: step.forLaterSteps });
  } catch (error) {
    await fail(error, plan, ledger, docker, step);
  }
}

async function openLedger(plan: Plan, { endpoint, settings, ssh }: Step): Promise<Ledger> {
  const main = await identify(process.pid);
  const ledger = await Ledger.open(plan.files.folder, {
    owner: plan.owner,
    cluster: plan.cluster.name,
    dockerEnv: endpoint,
    ...(ssh === undefined ? {} : { forwarded: ssh.host }),
    main,
  });
  if (ssh !== undefined) await recordTunnel(ssh.tunnel, await ledger.intend({ resource: "tunnel" }));
  const state = {
    ledger: ledger.path,
    owner: plan.owner,
    cluster: plan.cluster.name,
    cleanup: settings.cleanup,
  };
  for (const [name, value] of stateEntries(state)) core.saveState(name, value);
  return ledger;
}

/** Each program that we start is in the ledger as soon as it lives: down ends it when we cannot. */
function recordingRunner({ commandEnv: env }: Step, ledger: Ledger): ProcessRunner {
  const system = systemProcessRunner(env);
  const onStart = (process: Parameters<Ledger["child"]>[0]) => ledger.child(process);
  return {
    run: (argv, options) => system.run(argv, { ...options, onStart }),
    output: (argv, options) => system.output(argv, { ...options, onStart }),
  };
}

/** A cancelled step has 7.5 s: what we started ends at once, and post removes what it made. */
function endChildrenOnSignal(ledger: Ledger): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      // Most have ended long ago, and their number may be another's by now.
      void Promise.all(ledger.content.children.map((child) => end(child))).finally(() => process.exit(130));
    });
  }
}

async function removeLeftovers(plan: Plan, docker: Docker, { logger, clock }: Step): Promise<void> {
  for (const record of plan.leftovers) {
    logger.info(
      `removing what run ${record.run} of ${record.repository} left on this runner: cluster ${record.cluster}`,
    );
    const failures = await down(belongingsOfRecord(record), { docker, clock });
    for (const failure of failures) logger.warning(failure);
  }
}

/** Shows the evidence while it is there, removes everything, and passes the failure on. */
async function fail(error: unknown, plan: Plan, ledger: Ledger, docker: Docker, step: Step): Promise<void> {
  const { logger, clock, settings } = step;
  const scene: Evidence[] = await collectEvidence(docker, {
    cluster: plan.cluster.name,
    registry: "name" in plan.registry ? plan.registry.name : undefined,
    tunnelLog: plan.files.tunnelLog,
  });
  core.setFailed(reportFailure(error, scene, logger));
  if (!settings.cleanup) {
    logger.info("cleanup: false, so what was made stays; post says how to remove it");
    return;
  }
  ledger.stop();
  for (const failure of await down(belongingsOf(ledger.content, ledger.path), { docker, clock }))
    logger.warning(failure);
}

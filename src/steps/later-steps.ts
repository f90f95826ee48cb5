import { appendFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as core from "@actions/core";
import type { Plan } from "../plan/plan.ts";
import { choiceOfReach } from "../plan/strategy.ts";
import { outputsOf, type StepOutputs } from "../report/outputs.ts";
import { summaryOf } from "../report/summary.ts";
import { span } from "../support/clock.ts";
import type { Logger } from "../support/logger.ts";
import type { Timeline } from "../timeline.ts";
import type { Brought } from "../up.ts";
import { type Kept, keptEntry } from "./state.ts";

type Env = Readonly<Record<string, string | undefined>>;

interface LaterStepsDeps {
  readonly env: Env;
  readonly logger: Logger;
  readonly timeline: Timeline;
  /** The variables by which they reach the daemon that was asked for. */
  readonly endpoint: Readonly<Record<string, string>>;
}

/** Outputs, environment, PATH, summary and the last line of the log: what the steps after this one and the reader get. */
export async function tellLaterSteps(plan: Plan, brought: Brought, deps: LaterStepsDeps): Promise<void> {
  const { env, logger, timeline } = deps;
  const outputs = outputsOf(plan, brought);
  for (const [name, value] of Object.entries(outputs)) core.setOutput(name, value);
  if (plan.exportEnv) core.exportVariable("KUBECONFIG", plan.files.jobKubeconfig);
  for (const [name, value] of Object.entries(deps.endpoint)) core.exportVariable(name, value);
  core.exportVariable("KIND_CLUSTER_NAME", plan.cluster.name);
  for (const tool of [brought.kind, brought.kubectl])
    if (tool.source !== "path") core.addPath(dirname(tool.path));
  core.saveState(...keptEntry({ tools: toolsOf(brought), image: plan.cluster.image }));
  const tried = choiceOfReach(plan.registry, brought.reach);
  logger.info(`${tried.what}: ${tried.chosen} (${tried.why})`);
  const total = timeline.elapsed();
  await writeSummary(
    env,
    summaryOf({ ...plan, choices: [tried, ...plan.choices] }, outputs, timeline.parts, total),
  );
  sayDone(outputs, total, logger);
}

function toolsOf({ kind, kubectl }: Brought): Kept["tools"] {
  return [
    { name: "kind", ...kind },
    { name: "kubectl", ...kubectl },
  ];
}

/** A summary that cannot be written is no reason to fail a job. */
async function writeSummary(env: Env, text: string): Promise<void> {
  const file = env["GITHUB_STEP_SUMMARY"];
  if (file !== undefined && file !== "") await appendFile(file, text).catch(() => {});
}

function sayDone(outputs: StepOutputs, total: number, logger: Logger): void {
  const registry = outputs.registry === "" ? "no registry" : `registry ${outputs.registry}`;
  logger.info(
    `Ready in ${span(total)}: ${outputs.context} (Kubernetes ${outputs["kubernetes-version"]}), ${registry}.`,
  );
}

import { join } from "node:path";
import { onTestFinished } from "vitest";
import { Job, type JobOptions, type Step } from "../../../script/runner/job.mjs";
import { dockerHost, lab, pathWithoutTools } from "./machine.ts";

/** A job on this machine without kind and kubectl on PATH; its folder goes when the test ends. */
export function newJob(options: JobOptions = {}): Job {
  const job = new Job({
    path: pathWithoutTools(),
    ...options,
    env: { ...(dockerHost === undefined ? {} : { DOCKER_HOST: dockerHost }), ...options.env },
  });
  onTestFinished(() => job.end());
  return job;
}

/** The inputs of a test's step: what is given, and the lab's mirror where there is a lab. */
export function inputs(given: Record<string, string> = {}): Record<string, string> {
  return {
    "kubernetes-version": "1.34",
    ...(lab.mirror === undefined ? {} : { "download-mirror": lab.mirror }),
    ...given,
  };
}

/** Runs the step and leaves nothing of it behind the test, whatever happens. @throws with the log when it fails. */
export async function use(job: Job, given: Record<string, string> = {}): Promise<Step> {
  const step = await job.use(inputs(given));
  onTestFinished(async () => {
    await job.post({ ...step, state: { ...step.state, cleanup: "true" } });
  });
  if (step.code !== 0) throw new Error(`the step failed:\n${step.log}`);
  return step;
}

/** Runs a `run:` step. @throws with its output when it fails. */
export async function run(job: Job, script: string): Promise<string> {
  const { code, log } = await job.run(script);
  if (code !== 0) throw new Error(`the command failed (${code}): ${script}\n${log}`);
  return log;
}

const example = join(import.meta.dirname, "../../../docs/example");

/** What a user does first: builds an image, pushes it to the step's registry and runs it as the pod `app`, to Ready. */
export async function pushAndRun(job: Job, { outputs }: Pick<Step, "outputs">): Promise<void> {
  const image = `${outputs["registry"]}/app:${outputs["image-tag"]}`;
  await run(
    job,
    `DOCKER_BUILDKIT=0 docker build --quiet --tag ${image} ${example} && docker push --quiet ${image}`,
  );
  await run(job, `kubectl run app --image=${image} --port=8080`);
  await run(job, "kubectl wait pod/app --for=condition=Ready --timeout=180s");
}

import { onTestFinished } from "vitest";
import { ContainerJob, type ContainerOptions } from "../../../script/runner/container-job.mjs";
import type { JobOptions, Step } from "../../../script/runner/job.mjs";
import type { JobImage } from "./job-images.ts";
import { inputs } from "./jobs.ts";
import { lab } from "./machine.ts";
import { command, script } from "./path-without-shell.ts";

/** A job in a container; what is left of it goes when the test ends. */
export function containerJob(
  { image, path }: JobImage,
  options: Omit<ContainerOptions & JobOptions, "image" | "path"> = {},
): ContainerJob {
  const job = new ContainerJob({ image, path, ...options });
  onTestFinished(() => job.end());
  return job;
}

/** The inputs of a step, with the lab's mirror brought to the job's network. */
export async function inputsInside(
  job: ContainerJob,
  given: Record<string, string> = {},
): Promise<Record<string, string>> {
  if (lab.mirror === undefined || "download-mirror" in given) return inputs(given);
  const mirror = await job.relay(new URL(lab.mirror).host);
  return inputs({ ...given, "download-mirror": `http://${mirror}` });
}

/** Runs the step and leaves nothing of it behind the test, whatever happens. @throws with the log when it fails. */
export async function useInside(job: ContainerJob, given: Record<string, string> = {}): Promise<Step> {
  const step = await job.use(await inputsInside(job, given));
  onTestFinished(async () => {
    await job.post({ ...step, state: { ...step.state, cleanup: "true" } });
  });
  if (step.code !== 0) throw new Error(`the step failed:\n${step.log}`);
  return step;
}

/** The addresses, as the kernel has them, that the job's container sends to what is nowhere near. */
export async function defaultRoutes(job: ContainerJob): Promise<string[]> {
  const code = `console.log(require("fs").readFileSync("/proc/net/route", "utf8"))`;
  const routes = (await script(job, code)).split("\n").map((line) => line.split("\t"));
  return routes.filter(([, to]) => to === "00000000").map(([, , gateway = ""]) => gateway);
}

/** What became of a connection to a port of the job's localhost: `open`, or the error's code. */
async function portOf(job: ContainerJob, port: number): Promise<string> {
  const code = `const s = require('net').connect(+process.argv[1], '127.0.0.1');
    s.on('connect', () => { console.log('open'); s.destroy() }).on('error', (e) => console.log(e.code))`;
  return (await script(job, code, String(port))).trim();
}

/** A port that this job's Docker publishes on its loopback, as kind and every registry recipe do it. */
export async function publishedPort(job: ContainerJob): Promise<string> {
  const publish = ["--publish", "127.0.0.1:5099:5000", "registry:3"];
  const id = (await command(job, "docker", "run", "--detach", ...publish)).trim().split("\n").at(-1) ?? "";
  const found = await portOf(job, 5099);
  await command(job, "docker", "rm", "--force", "--volumes", id);
  return found;
}

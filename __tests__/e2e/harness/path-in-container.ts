import { copyFileSync, cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { ContainerJob, type ContainerOptions } from "../../../script/runner/container-job.mjs";
import type { JobOptions, Step } from "../../../script/runner/job.mjs";
import type { JobImage } from "./job-images.ts";
import { inputs } from "./jobs.ts";
import { lab } from "./machine.ts";

const example = join(import.meta.dirname, "../../../docs/example");

/** A job in a container; what is left of it goes when the test ends. */
export function containerJob(
  { image, path }: JobImage,
  options: Omit<ContainerOptions & JobOptions, "image" | "path"> = {},
): ContainerJob {
  const job = new ContainerJob({ image, path, ...options });
  onTestFinished(() => job.end());
  cpSync(example, join(job.hostWorkspace, "example"), { recursive: true });
  return job;
}

/** The inputs of a step, with the lab's mirror brought to the job's network. */
export async function inputsInside(
  job: ContainerJob,
  given: Record<string, string> = {},
): Promise<Record<string, string>> {
  if (lab.mirror === undefined) return inputs(given);
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

/** Runs a program in the job. @throws with its output when it fails. */
export async function command(job: ContainerJob, ...argv: string[]): Promise<string> {
  const { code, log } = await job.command(argv);
  if (code !== 0) throw new Error(`the command failed (${code}): ${argv.join(" ")}\n${log}`);
  return log;
}

/** JavaScript by the runner's own node: what each job container has. */
export function script(job: ContainerJob, code: string, ...args: string[]): Promise<string> {
  return command(job, job.places.node, "-e", code, ...args);
}

/** What became of a connection to a port of the job's localhost: `open`, or the error's code. */
export async function portOf(job: ContainerJob, port: number): Promise<string> {
  const code = `const s = require('net').connect(+process.argv[1], '127.0.0.1');
    s.on('connect', () => { console.log('open'); s.destroy() }).on('error', (e) => console.log(e.code))`;
  return (await script(job, code, String(port))).trim();
}

const portForward = `
const { spawn } = require("node:child_process");
const forward = spawn("kubectl", ["port-forward", "pod/app", "18080:8080"]);
forward.stderr.pipe(process.stderr);
forward.stdout.on("data", async (text) => {
  if (!String(text).includes("Forwarding")) return;
  console.log(await (await fetch("http://127.0.0.1:18080/")).text());
  forward.kill();
  process.exit();
});`;

const echo = `
const { spawnSync } = require("node:child_process");
process.stdout.write(spawnSync("kubectl", ["exec", "-i", "app", "--", "cat"], { input: "there and back" }).stdout);`;

/** A user's way, without a shell: build, push, run, look, ask by every kind of stream that kubectl has. */
export async function usersPathInside(job: ContainerJob, { outputs }: Step): Promise<void> {
  const image = `${outputs["registry"]}/app:${outputs["image-tag"]}`;
  await command(job, "docker", "build", "--quiet", "--tag", image, "example");
  await command(job, "docker", "push", "--quiet", image);
  await command(job, "kubectl", "run", "app", `--image=${image}`, "--port=8080");
  await command(job, "kubectl", "wait", "pod/app", "--for=condition=Ready", "--timeout=180s");
  expect(await command(job, "kubectl", "exec", "app", "--", "echo", "from the pod")).toContain(
    "from the pod",
  );
  expect(await script(job, echo)).toBe("there and back");
  await command(job, "kubectl", "logs", "app");
  expect(await script(job, portForward)).toContain("Hello from a pod.");
  await command(job, "docker", "image", "rm", "--force", image);
}

/** What pushes without Docker goes through the tunnel. */
export async function cranePushInside(job: ContainerJob, { outputs }: Step): Promise<void> {
  if (lab.bin === undefined) return;
  mkdirSync(join(job.hostWorkspace, "bin"), { recursive: true });
  copyFileSync(join(lab.bin, "crane"), join(job.hostWorkspace, "bin/crane"));
  const crane = "/__w/project/project/bin/crane";
  const from = `${outputs["registry"]}/app:${outputs["image-tag"]}`;
  const to = `${outputs["registry"]}/copied:1`;
  await command(job, crane, "pull", from, "app.tar");
  await command(job, crane, "push", "app.tar", to);
  expect(await command(job, crane, "digest", to)).toContain("sha256:");
}

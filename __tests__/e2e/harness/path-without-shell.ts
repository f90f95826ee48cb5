import { copyFileSync, cpSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Job, Step } from "../../../script/runner/job.mjs";
import { lab } from "./machine.ts";

const example = join(import.meta.dirname, "../../../docs/example");

/** Runs a program in the job. @throws with its output when it fails. */
export async function command(job: Job, ...argv: string[]): Promise<string> {
  const { code, log } = await job.command(argv);
  if (code !== 0) throw new Error(`the command failed (${code}): ${argv.join(" ")}\n${log}`);
  return log;
}

/** JavaScript by the runner's own node: what each job container has. */
export function script(job: Job, code: string, ...args: string[]): Promise<string> {
  return command(job, job.places.node, "-e", code, ...args);
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
export async function usersPath(job: Job, { outputs }: Step): Promise<void> {
  const image = `${outputs["registry"]}/app:${outputs["image-tag"]}`;
  cpSync(example, join(job.workspace, "example"), { recursive: true });
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
export async function cranePush(job: Job, { outputs }: Step): Promise<void> {
  if (lab.bin === undefined) return;
  copyFileSync(join(lab.bin, "crane"), join(job.workspace, "crane"));
  const crane = `${job.env["GITHUB_WORKSPACE"]}/crane`;
  const from = `${outputs["registry"]}/app:${outputs["image-tag"]}`;
  const to = `${outputs["registry"]}/copied:1`;
  await command(job, crane, "pull", from, "app.tar");
  await command(job, crane, "push", "app.tar", to);
  expect(await command(job, crane, "digest", to)).toContain("sha256:");
}

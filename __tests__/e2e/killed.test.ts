import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Job, Running, Step } from "../../script/runner/job.mjs";
import { inputs, newJob, use } from "./harness/jobs.ts";
import { processIdsOf, type Remains, remainsOf } from "./harness/machine.ts";

/** Main at work, to be killed; and what was there before it. */
function start(job: Job, given: Record<string, string> = {}) {
  const before = remainsOf(job);
  const { step, running } = job.start(inputs(given));
  onTestFinished(async () => {
    running.child.kill("SIGKILL");
    await step.collected;
    await job.post(step);
  });
  return { before, step, running };
}

/** As a machine that takes main away, and nothing with it. */
async function kill(running: Running, step: ReturnType<Job["start"]>["step"]): Promise<void> {
  running.child.kill("SIGKILL");
  // Children of main hold its output open, so its end as a process is what counts here.
  await exited(running.child);
  step.collectNow();
}

async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once("exit", resolve));
}

/** Resolves when the ledger satisfies; polled faster than main can act on it. */
async function ledgerHas(job: Job, satisfied: (text: string) => boolean): Promise<void> {
  for (;;) {
    if (satisfied(ledgerOf(job))) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function ledgerOf(job: Job): string {
  try {
    const folder = join(job.temp, "kind-ci");
    return readdirSync(folder)
      .map((use) => readFileSync(join(folder, use, "ledger.json"), "utf8"))
      .join("");
  } catch {
    return "";
  }
}

async function expectNothingLeft(job: Job, step: Step, before: Remains): Promise<void> {
  const post = await job.post(step);
  expect(post.code).toBe(0);
  expect(post.log).not.toContain("::warning::");
  expect(remainsOf(job)).toEqual(before);
}

/** A mirror that takes requests and never answers those for kind itself. */
async function silentMirror() {
  let seen = () => {};
  const asked = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const server = createServer((request, response) => {
    if (request.url?.includes("/kind-linux") === true) return seen();
    response.writeHead(404).end();
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

test("killed while it downloads: nothing is left", async () => {
  const job = newJob();
  const mirror = await silentMirror();
  const { before, running, step } = start(job, {
    "download-mirror": mirror.url,
    "kubernetes-version": "",
    "node-image": "busybox",
  });
  await mirror.asked;
  await kill(running, step);
  await expectNothingLeft(job, step, before);
});

test("killed between the registry's intent and its id: nothing is left", async () => {
  const job = newJob();
  const { before, running, step } = start(job);
  await ledgerHas(job, (text) => /"resource": ?"registry"/.test(text));
  await kill(running, step);
  await expectNothingLeft(job, step, before);
});

test("killed while kubeadm works: kind lives on, post ends it, nothing is left", async () => {
  const job = newJob();
  const { before, running, step } = start(job);
  await running.said(/Starting control-plane/);
  await kill(running, step);
  const during = remainsOf(job);
  expect(during.processes.join("\n")).toMatch(/kind create cluster/);
  expect(during).not.toEqual(before);
  await expectNothingLeft(job, step, before);
});

test("cancelled while kubeadm works: main ends what it started at once, post removes what it made", async () => {
  const job = newJob();
  const { before, running, step } = start(job);
  await running.said(/Starting control-plane/);
  running.child.kill("SIGINT");
  expect((await running.ended).code).toBe(130);
  expect(remainsOf(job).processes).toEqual(before.processes);
  await step.collected;
  await expectNothingLeft(job, step, before);
});

test("killed while nodes are wired, and the state lost: post goes by the ledger", async () => {
  const job = newJob();
  const { before, running, step } = start(job);
  await running.said(/Preparing nodes/);
  await kill(running, step);
  step.state = {};
  await expectNothingLeft(job, step, before);
});

test("killed, and state and ledger lost: post goes by the owner record", async () => {
  const job = newJob();
  const { before, running, step } = start(job);
  await running.said(/Writing configuration/);
  await kill(running, step);
  step.state = {};
  rmSync(join(job.temp, "kind-ci"), { recursive: true });
  await expectNothingLeft(job, step, before);
});

test("post while main is alive: main ends, nothing is left", async () => {
  const job = newJob();
  const { before, running, step } = start(job);
  await running.said(/Starting control-plane/);
  step.collectNow();
  await expectNothingLeft(job, step, before);
  await exited(running.child);
});

test("a dead job of this runner left its cluster: the next job takes it away", async () => {
  const dead = newJob({ runnerName: "runner-7" });
  const { before, running, step } = start(dead, { wait: "0" });
  await running.said(/Starting control-plane/);
  await kill(running, step);
  // The runner ends what a job left running; the containers stay.
  for (const pid of processIdsOf(dead)) process.kill(pid, "SIGKILL");

  const next = newJob({ runnerName: "runner-7", temp: dead.temp });
  const taken = await use(next, { registry: "false" });
  expect(taken.log).toMatch(/removing what run \d+ of someone\/project left on this runner: cluster kind/);
  await next.post(taken);
  const left = remainsOf(next);
  expect(left.containers).toEqual(before.containers);
  expect(left.volumes).toEqual(before.volumes);
  expect(left.networks).toEqual(before.networks);
});

import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContainerJob } from "../../script/runner/container-job.mjs";
import { Step } from "../../script/runner/job.mjs";
import {
  containerJob,
  defaultRoutes,
  inputsInside,
  publishedPort,
  useInside,
} from "./harness/container-jobs.ts";
import { debianImage, type JobImage, minimalImage } from "./harness/job-images.ts";
import { docker, lab, processIdsOf, remainsOf } from "./harness/machine.ts";
import { cranePush, usersPath } from "./harness/path-without-shell.ts";

const networksOf = (job: ContainerJob) =>
  Object.keys(
    JSON.parse(docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", job.container)) as object,
  );

/** Until a program of the job succeeds. */
async function comesBack(job: ContainerJob, ...argv: string[]): Promise<void> {
  for (let tries = 0; (await job.command(argv)).code !== 0; tries++) {
    if (tries > 120) throw new Error(`it does not come back: ${argv.join(" ")}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

describe.skipIf(lab.rootfs === undefined)("a job container with its host's socket", () => {
  const images: JobImage[] = [];
  const image = (made: JobImage) => {
    images.push(made);
    return made;
  };
  let debian: JobImage;
  beforeAll(() => {
    debian = image(debianImage());
    docker("pull", "--quiet", "registry:3");
  });
  afterAll(() => {
    for (const { remove } of images) remove();
  });

  test.each([
    ["Debian", () => debian],
    ["node's libraries and docker alone", () => image(minimalImage({ withDocker: true }))],
  ])("on %s: the user's path, directly by kind's network, which it leaves", async (_name, made) => {
    const job = containerJob(made(), { env: { DOCKER_BUILDKIT: "0" } });
    const before = remainsOf(job);
    const wayOut = await defaultRoutes(job);
    expect(await publishedPort(job)).toBe("ECONNREFUSED");
    const step = await useInside(job);
    expect(step.outputs).toMatchObject({ strategy: "remote-docker", registry: "localhost:5000" });
    expect(step.log).toContain("API server (directly, by the network kind)");
    expect(step.log).toContain("registry (directly, by the network kind)");
    expect(networksOf(job)).toEqual([job.network, "kind"]);
    await usersPath(job, step);
    await cranePush(job, step);

    const post = await job.post(step);
    expect(post.code).toBe(0);
    expect(post.log).not.toContain("::warning::");
    expect(networksOf(job)).toEqual([job.network]);
    expect(await defaultRoutes(job)).toEqual(wayOut);
    expect(remainsOf(job)).toEqual(before);
    job.removeContainer();
  });

  test("the way by the network outlives restarts of the registry and of the node", async () => {
    const job = containerJob(debian);
    await useInside(job);
    const registry = "fetch('http://localhost:5000/v2/').then((r) => process.exit(r.ok ? 0 : 1))";
    docker("restart", "--time", "0", "kind-registry");
    await comesBack(job, job.places.node, "-e", registry);
    docker("restart", "kind-control-plane");
    await comesBack(job, "kubectl", "get", "--raw", "/readyz");
    await comesBack(job, job.places.node, "-e", registry);
  });

  test("cancelled: main goes on, since docker exec passes no signal; post ends it and leaves nothing", async () => {
    const job = containerJob(debian);
    const before = remainsOf(job);
    const { step, running } = job.start(await inputsInside(job));
    await running.said(/Starting control-plane/);
    running.child.kill("SIGINT");
    await new Promise((resolve) => running.child.once("exit", resolve));
    expect(processIdsOf(job)).not.toEqual([]);
    step.collectNow();
    const post = await job.post(step);
    expect(post.log).not.toContain("::warning::");
    expect(remainsOf(job)).toEqual(before);
    job.removeContainer();
  });

  test("main killed after it joined: post leaves kind's network, and nothing", async () => {
    const job = containerJob(debian);
    const before = remainsOf(job);
    const { step, running } = job.start(await inputsInside(job));
    await running.said(/API server \(directly/);
    expect(networksOf(job)).toContain("kind");
    for (const pid of processIdsOf(job)) process.kill(pid, "SIGKILL");
    await running.ended;
    step.collectNow();
    const post = await job.post(step);
    expect(post.log).not.toContain("::warning::");
    expect(networksOf(job)).toEqual([job.network]);
    expect(remainsOf(job)).toEqual(before);
  });

  test("state and ledger lost after it joined: post goes by the record, and leaves kind's network, and nothing", async () => {
    const job = containerJob(debian);
    const before = remainsOf(job);
    const { running } = job.start(await inputsInside(job));
    await running.said(/API server \(directly/);
    for (const pid of processIdsOf(job)) process.kill(pid, "SIGKILL");
    await running.ended;
    rmSync(join(job.temp, "kind-ci"), { recursive: true });
    const lost = new Step(await inputsInside(job));
    const post = await job.post(lost);
    expect(post.log).not.toContain("::warning::");
    expect(networksOf(job)).toEqual([job.network]);
    expect(remainsOf(job)).toEqual(before);
    job.removeContainer();
  });

  test("a job of this runner that died: the next takes away what it left, though its container is another", async () => {
    const dead = containerJob(debian, { runnerName: "runner-7" });
    const before = remainsOf(dead);
    const { running } = dead.start(await inputsInside(dead));
    await running.said(/Starting control-plane/);
    for (const pid of processIdsOf(dead)) process.kill(pid, "SIGKILL");
    await running.ended;
    dead.removeContainer();

    const others = containerJob(debian, { runnerName: "runner-7" });
    const refused = await others.use(await inputsInside(others));
    expect(refused.code).toBe(1);
    expect(refused.log).toMatch(/the name belongs to .*runner runner-7/);
    others.removeContainer();

    const next = containerJob(debian, { runnerName: "runner-7", temp: dead.temp });
    const step = await useInside(next);
    expect(step.log).toContain("on this runner: cluster kind");
    await next.post(step);
    next.removeContainer();
    const after = remainsOf(dead);
    expect({ ...after, files: [] }).toEqual({
      ...before,
      networks: before.networks.filter((name) => name !== dead.network),
      containers: before.containers.filter((name) => name !== dead.container),
      files: [],
    });
  });

  test("without a docker command: an error that says how to get one", async () => {
    const job = containerJob(image(minimalImage({ withDocker: false })));
    const before = remainsOf(job);
    const step = await job.use(await inputsInside(job));
    expect(step.code).toBe(1);
    expect(step.log).toContain("there is no docker command on PATH");
    expect(step.log).toContain("a container job needs the docker command in its image");
    expect(step.log).toContain("apt-get install docker.io");
    await job.post(step);
    expect(remainsOf(job)).toEqual(before);
  });
});

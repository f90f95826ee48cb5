import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContainerJob } from "../../script/runner/container-job.mjs";
import { debianImage, type JobImage, minimalImage } from "./harness/job-images.ts";
import { docker, lab, processIdsOf, remainsOf } from "./harness/machine.ts";
import {
  command,
  containerJob,
  cranePushInside,
  inputsInside,
  portOf,
  useInside,
  usersPathInside,
} from "./harness/path-in-container.ts";

const networksOf = (job: ContainerJob) =>
  Object.keys(
    JSON.parse(docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", job.container)) as object,
  );

/** A port that this job's Docker publishes on its loopback, as kind and every registry recipe do it. */
async function expectOtherLoopback(job: ContainerJob): Promise<void> {
  const publish = ["--publish", "127.0.0.1:5099:5000", "registry:3"];
  const id = (await command(job, "docker", "run", "--detach", "--quiet", ...publish)).trim();
  expect(await portOf(job, 5099)).toBe("ECONNREFUSED");
  await command(job, "docker", "rm", "--force", "--volumes", id);
}

describe.skipIf(lab.rootfs === undefined)("a job container with its host's socket", () => {
  const images: JobImage[] = [];
  const image = (made: JobImage) => {
    images.push(made);
    return made;
  };
  let debian: JobImage;
  beforeAll(() => {
    debian = image(debianImage({ withDocker: true }));
    docker("pull", "--quiet", "registry:3");
  });
  afterAll(() => {
    for (const { remove } of images) remove();
  });

  test.each([
    ["Debian", () => debian],
    ["node's libraries and docker alone", () => image(minimalImage())],
  ])("on %s: the user's path, directly by kind's network, which it leaves", async (_name, made) => {
    const job = containerJob(made(), { env: { DOCKER_BUILDKIT: "0" } });
    const before = remainsOf(job);
    await expectOtherLoopback(job);
    const step = await useInside(job);
    expect(step.outputs).toMatchObject({ strategy: "remote-docker", registry: "localhost:5000" });
    expect(step.log).toContain("API server (directly, by the network kind)");
    expect(step.log).toContain("registry (directly, by the network kind)");
    expect(networksOf(job)).toEqual([job.network, "kind"]);
    await usersPathInside(job, step);
    await cranePushInside(job, step);

    const post = await job.post(step);
    expect(post.code).toBe(0);
    expect(post.log).not.toContain("::warning::");
    expect(networksOf(job)).toEqual([job.network]);
    expect(remainsOf(job)).toEqual(before);
    job.removeContainer();
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

  test("without a docker command: an error that says how to get one", async () => {
    const job = containerJob(image(debianImage({ withDocker: false })));
    const before = remainsOf(job);
    const step = await job.use(await inputsInside(job));
    expect(step.code).toBe(1);
    expect(step.log).toContain("there is no docker command on PATH");
    expect(step.log).toContain("a job container needs the docker command in its image");
    expect(step.log).toContain("apt-get install docker.io");
    await job.post(step);
    expect(remainsOf(job)).toEqual(before);
  });
});

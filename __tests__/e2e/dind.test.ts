import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { relayTo } from "../../script/runner/container-job.mjs";
import type { Job, Step } from "../../script/runner/job.mjs";
import { containerJob, publishedPort, useInside } from "./harness/container-jobs.ts";
import { type Dind, dindImage, startDind } from "./harness/dind.ts";
import { type JobImage, minimalImage } from "./harness/job-images.ts";
import { docker, lab, remainsOf } from "./harness/machine.ts";
import { cranePush, usersPath } from "./harness/path-without-shell.ts";

/** The lab's registry and mirror as a network's containers reach them. */
async function relays(network: string) {
  const to = async (target: string | undefined) => {
    if (target === undefined) return undefined;
    const relay = await relayTo(target, network);
    onTestFinished(() => {
      relay.close();
    });
    return relay.address;
  };
  return {
    registry: await to(process.env["LAB_REGISTRY"]),
    mirror: await to(lab.mirror && new URL(lab.mirror).host),
  };
}

const remainsIn = (dind: Dind) => ({
  containers: dind.docker("ps", "--all", "--format", "{{.Names}}"),
  networks: dind.docker("network", "ls", "--format", "{{.Name}}"),
  volumes: dind.docker("volume", "ls", "--quiet"),
});

/** All that a job does with the cluster, and post. */
async function useAndLeave(job: Job, step: Step): Promise<void> {
  await usersPath(job, step);
  await cranePush(job, step);
  const post = await job.post(step);
  expect(post.code).toBe(0);
  expect(post.log).not.toContain("::warning::");
}

describe.skipIf(lab.rootfs === undefined)("a Docker-in-Docker container", () => {
  let dinds: JobImage;
  let jobs: JobImage;
  beforeAll(() => {
    dinds = dindImage();
    jobs = minimalImage({ withDocker: true });
  });
  afterAll(() => {
    dinds.remove();
    jobs.remove();
  });

  /** A network with a Docker in Docker on it, and what a job needs to use that. */
  async function service() {
    const network = `github_network_${randomUUID().replaceAll("-", "")}`;
    docker("network", "create", network);
    onTestFinished(() => {
      docker("network", "rm", network);
    });
    const { registry, mirror } = await relays(network);
    const dind = await startDind(dinds, ["--network", network, "--network-alias", "docker"], registry);
    onTestFinished(() => dind.remove());
    const given: Record<string, string> =
      mirror === undefined ? {} : { "download-mirror": `http://${mirror}` };
    const job = (place: string, host: string) =>
      containerJob(jobs, {
        network: place,
        withoutSocket: true,
        options: ["-v", `${dind.certificates}:/certs/client:ro`],
        env: {
          DOCKER_BUILDKIT: "0",
          DOCKER_HOST: `tcp://${host}:2376`,
          DOCKER_TLS_VERIFY: "1",
          DOCKER_CERT_PATH: "/certs/client",
        },
      });
    return { network, dind, given, job };
  }

  test("reached by name over TLS, as a GitLab service: a tunnel by streams; nothing left on either side", async () => {
    const { network, dind, given, job: jobAt } = await service();
    const job = jobAt(network, "docker");
    expect(await publishedPort(job)).toBe("ECONNREFUSED");
    const before = { here: remainsOf(job), there: remainsIn(dind) };
    const step = await useInside(job, given);
    expect(step.outputs).toMatchObject({ strategy: "remote-docker", registry: "localhost:5000" });
    expect(step.log).toContain("API server (stream, through kind-control-plane)");
    await useAndLeave(job, step);
    expect({ here: remainsOf(job), there: remainsIn(dind) }).toEqual(before);
  });

  test("a sidecar that shares the job's network: its loopback is ours, and all is direct", async () => {
    const { dind, given, job: jobAt } = await service();
    const job = jobAt(`container:${dind.name}`, "localhost");
    expect(await publishedPort(job)).toBe("open");
    const before = { here: remainsOf(job), there: remainsIn(dind) };
    const step = await useInside(job, given);
    expect(step.outputs).toMatchObject({ strategy: "vm-local", registry: "localhost:5000" });
    expect(remainsOf(job).processes.join("\n")).not.toContain("tunnel-process.cjs");
    await useAndLeave(job, step);
    expect({ here: remainsOf(job), there: remainsIn(dind) }).toEqual(before);
  });
});

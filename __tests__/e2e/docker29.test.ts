import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Job, Step } from "../../script/runner/job.mjs";
import { installBuildx, pushFromBuilder } from "./harness/buildx.ts";
import { containerJob, defaultRoutes, useInside } from "./harness/container-jobs.ts";
import { debianImage } from "./harness/job-images.ts";
import { newJob, run, use } from "./harness/jobs.ts";
import { docker, lab, remainsOf } from "./harness/machine.ts";
import { cranePush, usersPath } from "./harness/path-without-shell.ts";

const example = join(import.meta.dirname, "../../docs/example");

/** The lab's second engine, which is in a network of its own. */
function engine(): { host: string; network: string } {
  const { docker29: host, docker29Network: network } = lab;
  if (host === undefined || network === undefined)
    throw new Error("LAB_DOCKER29_HOST is not set: script/lab docker29 up");
  return { host, network };
}

/** With buildx there, `docker build` is by the BuildKit in the daemon. */
async function pushAndRun(job: Job, { outputs }: Step): Promise<void> {
  const image = `${outputs["registry"]}/app:${outputs["image-tag"]}`;
  installBuildx(job);
  await run(job, `docker build --quiet --tag ${image} ${example} && docker push --quiet ${image}`);
  await run(job, `kubectl run app --image=${image} --port=8080`);
  await run(job, "kubectl wait pod/app --for=condition=Ready --timeout=180s");
  expect(await run(job, "kubectl get --raw /api/v1/namespaces/default/pods/app:8080/proxy/")).toContain(
    "Hello from a pod.",
  );
}

// Elsewhere the machine's own daemon is what all other tests run on, and there is no second one.
test.skipIf(lab.mirror === undefined)("a current Docker engine with its containerd image store", async () => {
  const { host, network } = engine();
  const job = newJob({ env: { DOCKER_HOST: host }, within: ["nsenter", `--net=${network}`] });
  expect(await run(job, "docker version --format '{{.Server.Version}}'")).toMatch(/^29\./);
  expect(await run(job, "docker info --format '{{json .DriverStatus}}'")).toContain("containerd.snapshotter");
  const before = remainsOf(job, host);

  const step = await use(job);
  expect(step.outputs["strategy"]).toBe("vm-local");
  await pushAndRun(job, step);
  const built = await pushFromBuilder(job, step);
  await run(job, `kubectl run built --image=${built}`);
  await run(job, "kubectl wait pod/built --for=condition=Ready --timeout=180s");
  expect(await run(job, "kubectl exec built -- cat /made")).toBe("made by BuildKit\n");
  expect(remainsOf(job, host).containers).toEqual(["kind-control-plane", "kind-registry"]);

  const post = await job.post(step);
  expect(post.log).not.toContain("::warning::");
  expect(remainsOf(job, host)).toEqual(before);
});

// The same engine as one whose socket was forwarded from another machine: its loopback is not the job's.
test.skipIf(lab.mirror === undefined)("a current Docker engine elsewhere, through the tunnel", async () => {
  const { host } = engine();
  const job = newJob({ env: { DOCKER_HOST: host } });
  const before = remainsOf(job, host);

  const step = await use(job);
  expect(step.outputs["strategy"]).toBe("remote-docker");
  await pushAndRun(job, step);
  expect(await run(job, "kubectl exec -i app -- cat <<< 'there and back'")).toContain("there and back");
  expect(remainsOf(job, host).processes.join("\n")).toContain("tunnel-process.cjs");

  const post = await job.post(step);
  expect(post.code).toBe(0);
  expect(post.log).not.toContain("::warning::");
  expect(remainsOf(job, host)).toEqual(before);
});

// Its network has a name after "kind": of two alike Docker takes the first by the alphabet for the way out.
test.skipIf(lab.mirror === undefined)(
  "a job container on a current Docker engine keeps its way out",
  async () => {
    const { host, network: namespace } = engine();
    vi.stubEnv("DOCKER_HOST", host);
    onTestFinished(() => void vi.unstubAllEnvs());
    const debian = debianImage();
    onTestFinished(() => void debian.remove());
    docker("network", "create", "zzz");
    onTestFinished(() => void docker("network", "rm", "zzz"));
    const job = containerJob(debian, {
      network: "zzz",
      daemonWithin: ["nsenter", `--net=${namespace}`],
      env: { DOCKER_BUILDKIT: "0" },
    });
    const before = remainsOf(job, host);
    const wayOut = await defaultRoutes(job);
    expect(wayOut).toHaveLength(1);

    const step = await useInside(job);
    expect(step.outputs["strategy"]).toBe("remote-docker");
    expect(step.log).toContain("API server (directly, by the network kind)");
    expect(docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", job.container)).toContain(
      `"kind"`,
    );
    expect(await defaultRoutes(job)).toEqual(wayOut);
    await usersPath(job, step);
    await cranePush(job, step);

    const post = await job.post(step);
    expect(post.code).toBe(0);
    expect(post.log).not.toContain("::warning::");
    expect(await defaultRoutes(job)).toEqual(wayOut);
    expect(remainsOf(job, host)).toEqual(before);
  },
);

import { join } from "node:path";
import { expect, test } from "vitest";
import type { Job, Step } from "../../script/runner/job.mjs";
import { installBuildx, pushFromBuilder } from "./harness/buildx.ts";
import { newJob, run, use } from "./harness/jobs.ts";
import { lab, remainsOf } from "./harness/machine.ts";

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
  const job = newJob({ env: { DOCKER_HOST: host }, through: ["nsenter", `--net=${network}`] });
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

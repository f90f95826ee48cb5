import { join } from "node:path";
import { expect, test } from "vitest";
import { newJob, run, use } from "./harness/jobs.ts";
import { lab, remainsOf } from "./harness/machine.ts";

const example = join(import.meta.dirname, "../../docs/example");

// Elsewhere the machine's own daemon is what all other tests run on, and there is no second one.
test.skipIf(lab.mirror === undefined)("a current Docker engine with its containerd image store", async () => {
  const host = lab.docker29;
  if (host === undefined) throw new Error("LAB_DOCKER29_HOST is not set: script/lab docker29 up");
  const job = newJob({ env: { DOCKER_HOST: host } });
  expect(await run(job, "docker version --format '{{.Server.Version}}'")).toMatch(/^29\./);
  expect(await run(job, "docker info --format '{{json .DriverStatus}}'")).toContain("containerd.snapshotter");
  const before = remainsOf(job, host);

  const step = await use(job);
  const { outputs } = step;
  expect(outputs["strategy"]).toBe("vm-local");
  const image = `${outputs["registry"]}/app:${outputs["image-tag"]}`;
  await run(
    job,
    `DOCKER_BUILDKIT=0 docker build --quiet --tag ${image} ${example} && docker push --quiet ${image}`,
  );
  await run(job, `kubectl run app --image=${image} --port=8080`);
  await run(job, "kubectl wait pod/app --for=condition=Ready --timeout=180s");
  expect(await run(job, "kubectl get --raw /api/v1/namespaces/default/pods/app:8080/proxy/")).toContain(
    "Hello from a pod.",
  );

  const post = await job.post(step);
  expect(post.log).not.toContain("::warning::");
  expect(remainsOf(job, host)).toEqual(before);
});

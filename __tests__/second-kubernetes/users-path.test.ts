import { expect, test } from "vitest";
import { newJob, pushAndRun, run, use } from "../e2e/harness/jobs.ts";
import { lab, remainsOf } from "../e2e/harness/machine.ts";

test("the user's path on the second Kubernetes, by its minor", async () => {
  const job = newJob();
  const before = remainsOf(job);
  const step = await use(job, { "kubernetes-version": "1.36" });
  const { outputs } = step;
  expect(outputs["kubernetes-version"]).toMatch(/^v1\.36\.\d+$/);
  expect(outputs["node-image"]).toMatch(/^kindest\/node:v1\.36\.\d+@sha256:[0-9a-f]{64}$/);

  await pushAndRun(job, { outputs });
  expect(await run(job, "kubectl get --raw /api/v1/namespaces/default/pods/app:8080/proxy/")).toContain(
    "Hello from a pod.",
  );
  const versions = await run(job, "kubectl version --output json");
  expect(versions.match(/"gitVersion": "v1\.36\./g)).toHaveLength(2);

  expect((await job.post(step)).log).not.toContain("::warning::");
  expect(remainsOf(job)).toEqual(before);
});

// Where there is no lab, the newest that kind knows may be newer.
test.skipIf(lab.mirror === undefined)(
  "the latest is the newest of those that the release names",
  async () => {
    const job = newJob();
    const before = remainsOf(job);
    const step = await use(job, { "kubernetes-version": "latest", registry: "false" });
    expect(step.outputs["node-image"]).toMatch(/^kindest\/node:v1\.36\.\d+@sha256:/);
    expect(
      await run(job, "kubectl get nodes --output jsonpath={.items[*].status.nodeInfo.kubeletVersion}"),
    ).toMatch(/^v1\.36\./);
    await job.post(step);
    expect(remainsOf(job)).toEqual(before);
  },
);

import { join } from "node:path";
import { expect, test } from "vitest";
import { act } from "./harness/act.ts";
import { newJob, run } from "./harness/jobs.ts";
import { lab, remainsOf } from "./harness/machine.ts";

const root = join(import.meta.dirname, "../..");

/** Runs a job of the project's own workflow on this machine, by act, on the commit that is checked out. */
async function actJob(id: string) {
  const job = newJob();
  await run(job, `git clone --quiet ${root} project`);
  const before = remainsOf(job);
  const env = [`DOWNLOAD_MIRROR=${lab.mirror}`, "KUBERNETES_VERSION=1.34"];
  const args = ["--job", id, "--workflows", ".github/workflows/self-test.yml"];
  const { code, log } = await act(job, {
    folder: "project",
    event: "push",
    label: "ubuntu-24.04",
    args: [...args, ...env.flatMap((one) => ["--env", one])],
  });
  return { code, log, before, after: remainsOf(job) };
}

// On hosted runners the workflow itself runs (.github/workflows/self-test.yml), and there is no act.
const locally = test.skipIf(lab.mirror === undefined);

locally("the project's own job that goes well", async () => {
  const { code, log, before, after } = await actJob("succeeds");
  expect(log).toContain("Hello from a pod");
  expect(log).toContain("Removed the cluster kind");
  expect(log).toContain("Job succeeded");
  expect(code).toBe(0);
  expect(after).toEqual(before);
});

locally("the project's own job that fails while the cluster is up", async () => {
  const { log, before, after } = await actJob("fails");
  expect(log).toMatch(/Failure - Main Fail while the cluster is up/);
  expect(log).toContain("Removed the cluster kind");
  expect(log).toContain("Job failed");
  expect(after).toEqual(before);
});

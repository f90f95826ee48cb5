import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newJob, run } from "./harness/jobs.ts";
import { lab, remainsOf } from "./harness/machine.ts";

const root = join(import.meta.dirname, "../..");

/** Runs a job of the project's own workflow on this machine, by act, on the commit that is checked out. */
async function act(id: string) {
  const job = newJob();
  // Without a file of its own act asks at a terminal which images to use.
  mkdirSync(join(job.folder, "home/.config/act"), { recursive: true });
  writeFileSync(join(job.folder, "home/.config/act/actrc"), "");
  await run(job, `git clone --quiet ${root} project`);
  const before = remainsOf(job);
  const { code, log } = await job.run(
    `cd project && ${lab.bin}/act push --job ${id} --workflows .github/workflows/self-test.yml \
      --platform ubuntu-24.04=-self-hosted --no-cache-server \
      --env DOWNLOAD_MIRROR=${lab.mirror} --env KUBERNETES_VERSION=1.34`,
  );
  return { code, log, before, after: remainsOf(job) };
}

// On hosted runners the workflow itself runs (.github/workflows/self-test.yml), and there is no act.
const locally = test.skipIf(lab.mirror === undefined);

locally("the project's own job that goes well", async () => {
  const { code, log, before, after } = await act("succeeds");
  expect(log).toContain("Hello from a pod");
  expect(log).toContain("Removed the cluster kind");
  expect(log).toContain("Job succeeded");
  expect(code).toBe(0);
  expect(after).toEqual(before);
});

locally("the project's own job that fails while the cluster is up", async () => {
  const { log, before, after } = await act("fails");
  expect(log).toMatch(/Failure - Main Fail while the cluster is up/);
  expect(log).toContain("Removed the cluster kind");
  expect(log).toContain("Job failed");
  expect(after).toEqual(before);
});

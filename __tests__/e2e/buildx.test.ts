import { expect, test } from "vitest";
import { installBuildx, pushFromBuilder } from "./harness/buildx.ts";
import { newJob, run, use } from "./harness/jobs.ts";
import { remainsOf } from "./harness/machine.ts";

test("a builder in a container pushes with the outputs that are made for it", async () => {
  const job = newJob();
  installBuildx(job);
  const before = remainsOf(job);
  const step = await use(job);

  const image = await pushFromBuilder(job, step);
  await run(job, `kubectl run built --image=${image}`);
  await run(job, "kubectl wait pod/built --for=condition=Ready --timeout=180s");
  expect(await run(job, "kubectl exec built -- cat /made")).toBe("made by BuildKit\n");

  expect((await job.post(step)).log).not.toContain("::warning::");
  expect(remainsOf(job)).toEqual(before);
});

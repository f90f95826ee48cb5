import { hostname } from "node:os";
import { expect, test } from "vitest";
import { jobKubeconfig, jobOf, useFolder } from "../../../src/environment/job.ts";

const runner = {
  GITHUB_REPOSITORY: "someone/project",
  GITHUB_RUN_ID: "4711",
  GITHUB_RUN_ATTEMPT: "2",
  GITHUB_JOB: "test",
  RUNNER_NAME: "runner-1",
  RUNNER_TEMP: "/runner/temp",
};

test("a job says who it is; its folder is in the runner's temp folder, which ends with it", () => {
  expect(jobOf(runner, "/tmp")).toEqual({
    repository: "someone/project",
    run: "4711",
    attempt: "2",
    job: "test",
    runner: "runner-1",
    host: hostname(),
    folder: "/runner/temp/kind-ci",
  });
});

test.each([[{}], [{ RUNNER_TEMP: "" }]])("without a runner (%j) all is empty but host and folder", (env) => {
  expect(jobOf(env, "/tmp")).toEqual({
    repository: "",
    run: "",
    attempt: "",
    job: "",
    runner: "",
    host: hostname(),
    folder: "/tmp/kind-ci",
  });
});

test("each use of the step has its own folder, and all share one kubeconfig", () => {
  const job = jobOf(runner, "/tmp");
  expect(useFolder(job, "abc")).toBe("/runner/temp/kind-ci/abc");
  expect(useFolder(job, "def")).not.toBe(useFolder(job, "abc"));
  expect(jobKubeconfig(job)).toBe("/runner/temp/kind-ci/kubeconfig");
});

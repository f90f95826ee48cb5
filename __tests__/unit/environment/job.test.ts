import { hostname } from "node:os";
import { expect, test } from "vitest";
import { jobKubeconfig, jobOf, jobOnHost, useFolder } from "../../../src/environment/job.ts";

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
    folderOnHost: "/runner/temp/kind-ci",
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
    folderOnHost: "/tmp/kind-ci",
  });
});

test("each use of the step has its own folder, and all share one kubeconfig", () => {
  const job = jobOf(runner, "/tmp");
  expect(useFolder(job, "abc")).toBe("/runner/temp/kind-ci/abc");
  expect(useFolder(job, "def")).not.toBe(useFolder(job, "abc"));
  expect(jobKubeconfig(job)).toBe("/runner/temp/kind-ci/kubeconfig");
});

test.each([
  [
    "the mount that is nearest",
    [
      ["/a/_work", "/__w"],
      ["/b/temp", "/__w/_temp"],
    ],
    "/b/temp/kind-ci",
  ],
  [
    "one further up",
    [
      ["/a/_work", "/__w"],
      ["/a/tools", "/__t"],
    ],
    "/a/_work/_temp/kind-ci",
  ],
  ["the whole file system", [["/image", "/"]], "/image/__w/_temp/kind-ci"],
  [
    "a volume",
    [["/var/lib/docker/volumes/w/_data", "/__w/"]],
    "/var/lib/docker/volumes/w/_data/_temp/kind-ci",
  ],
])("where a container's folder is on the host: by %s", (_, mounts, expected) => {
  const job = jobOf({ ...runner, RUNNER_TEMP: "/__w/_temp" }, "/tmp");
  const all = mounts.map(([source = "", destination = ""]) => ({ source, destination }));
  expect(jobOnHost(job, "machine", all)).toEqual({ ...job, host: "machine", folderOnHost: expected });
});

test.each([
  ["in no mount", "machine", "/a/_work", "/__w2"],
  ["in memory", "machine", "", "/__w"],
  ["on a machine without a name", "", "/a/_work", "/__w"],
])("nothing is known of a folder that is %s", (_, host, source, destination) => {
  const job = jobOf({ ...runner, RUNNER_TEMP: "/__w/_temp" }, "/tmp");
  expect(jobOnHost(job, host, [{ source, destination }])).toEqual(job);
});

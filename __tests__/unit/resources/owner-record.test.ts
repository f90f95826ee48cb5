import { describe, expect, test } from "vitest";
import { jobOnHost } from "../../../src/environment/job.ts";
import {
  createOwnerRecordArgs,
  describeOwner,
  newOwnerRecord,
  standingOf,
} from "../../../src/resources/owner-record.ts";
import { foundWith, recordWith } from "../plan/world.ts";

const { job } = foundWith();
const record = newOwnerRecord(job, {
  owner: "abcdefabcdef",
  cluster: "kind",
  started: new Date("2026-01-31T12:00:00Z"),
  madeNetwork: true,
  jobContainer: undefined,
});

test("a record is a volume with everything about its maker in labels", () => {
  const args = createOwnerRecordArgs(record).join(" ");
  for (const text of [
    "volume create",
    "owner=abcdefabcdef",
    "run=4711",
    "runner=runner-1",
    "made-network=true",
  ])
    expect(args).toContain(text);
  expect(args.endsWith("kind-ci-abcdefabcdef")).toBe(true);
});

describe("whose a record is", () => {
  const folderThere = () => true;
  const folderGone = () => false;
  test.each([
    ["its folder is in this job's temp folder", record, job, folderThere, "this-job"],
    [
      "this runner's, its folder gone",
      record,
      { ...job, run: "4712" },
      folderGone,
      "dead-job-of-this-runner",
    ],
    [
      "a leg of the same matrix on another runner",
      record,
      { ...job, runner: "runner-2" },
      folderGone,
      "somebody-else",
    ],
    [
      "a runner of the same name on another host",
      record,
      { ...job, host: "other" },
      folderGone,
      "somebody-else",
    ],
    [
      "a runner of the same name on this host, for another repository",
      record,
      { ...job, folder: "/other/_temp/kind-ci", folderOnHost: "/other/_temp/kind-ci" },
      folderGone,
      "somebody-else",
    ],
    ["no runner at all", recordWith({ runner: "" }), { ...job, runner: "" }, folderGone, "somebody-else"],
  ])("%s", (_, one, seenFrom, exists, standing) => {
    expect(standingOf(one, seenFrom, exists)).toBe(standing);
  });
});

describe("whose a record is, between containers of a host", () => {
  const use = { owner: "abcdefabcdef", cluster: "kind", started: new Date(0), madeNetwork: false };
  /** A container job of a runner with that work folder; each container has a name of its own. */
  const inContainer = (container: string, work: string | undefined, machine = "machine") =>
    jobOnHost(
      { ...job, host: container, folder: "/__w/_temp/kind-ci", folderOnHost: "/__w/_temp/kind-ci" },
      machine,
      work === undefined
        ? []
        : [
            { source: work, destination: "/__w" },
            { source: `${work}/_temp`, destination: "/__w/_temp" },
          ],
    );
  const onTheHost = { ...job, folder: "/a/_work/_temp/kind-ci", folderOnHost: "/a/_work/_temp/kind-ci" };
  test.each([
    [
      "the next container of the same runner",
      inContainer("c1", "/a/_work"),
      inContainer("c2", "/a/_work"),
      true,
    ],
    ["another runner on that host", inContainer("c1", "/a/_work"), inContainer("c2", "/b/_work"), false],
    [
      "the same folder on another host",
      inContainer("c1", "/a/_work"),
      inContainer("c2", "/a/_work", "m2"),
      false,
    ],
    ["a job of that runner without a container", inContainer("c1", "/a/_work"), onTheHost, true],
    ["a container job after one without", onTheHost, inContainer("c2", "/a/_work"), true],
    [
      "containers of which nothing is known",
      inContainer("c1", undefined),
      inContainer("c2", undefined),
      false,
    ],
    [
      "a record of a version that knew the container's name alone",
      { ...job, host: "c1", folder: "/__w/_temp/kind-ci", folderOnHost: "/__w/_temp/kind-ci" },
      inContainer("c2", "/a/_work"),
      false,
    ],
  ])("%s", (_, maker, seenFrom, same) => {
    const one = newOwnerRecord(maker, { ...use, jobContainer: undefined });
    expect(standingOf(one, seenFrom, () => false)).toBe(same ? "dead-job-of-this-runner" : "somebody-else");
  });

  test.each([
    [["github_network_1"], "ours"],
    [["github_network_1", "kind"], ""],
  ])("its container, on %j before, is in the record if it may join kind's network: %j", (networks, told) => {
    const jobContainer = { id: "ours", name: "job", networks };
    const one = newOwnerRecord(job, { ...use, jobContainer });
    expect(one.jobContainer).toBe(told);
    expect(createOwnerRecordArgs(one).join(" ")).toContain(`io.kind-ci-action.job-container=${told} `);
  });
});

test("an owner is described by what is known of it", () => {
  expect(describeOwner(recordWith())).toBe(
    "repository else/where, run 99 (attempt 2), job build, runner runner-9, host far, since 2026-01-31T12:00:00.000Z",
  );
  expect(describeOwner(recordWith({ repository: "", run: "", runner: "" }))).toBe(
    "host far, since 2026-01-31T12:00:00.000Z",
  );
});

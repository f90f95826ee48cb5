import { describe, expect, test } from "vitest";
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
      { ...job, folder: "/other/_temp/kind-ci" },
      folderGone,
      "somebody-else",
    ],
    ["no runner at all", recordWith({ runner: "" }), { ...job, runner: "" }, folderGone, "somebody-else"],
  ])("%s", (_, one, seenFrom, exists, standing) => {
    expect(standingOf(one, seenFrom, exists)).toBe(standing);
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

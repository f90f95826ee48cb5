import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findHostLimits, limitWarnings } from "../../../src/environment/host-limits.ts";
import { newFolder } from "../new-folder.ts";

const gigabyte = 1024 ** 3;
const enough = { diskFree: 20 * gigabyte, inotifyWatches: 524_288, inotifyInstances: 512 };

describe("a warning says which limit is too low, and how to raise it", () => {
  test.each([
    ["nothing, where all is enough", enough, []],
    [
      "nothing of what cannot be read",
      { diskFree: undefined, inotifyWatches: undefined, inotifyInstances: undefined },
      [],
    ],
    [
      "nothing at the least that is enough",
      { diskFree: 5 * gigabyte, inotifyWatches: 65_536, inotifyInstances: 256 },
      [],
    ],
    ["disk", { ...enough, diskFree: 1.5 * gigabyte }, [/1\.5 GB free.*docker system prune/]],
    [
      "watches",
      { ...enough, inotifyWatches: 8192 },
      [/max_user_watches is 8192.*sysctl fs\.inotify\.max_user_watches=524288/],
    ],
    [
      "instances",
      { ...enough, inotifyInstances: 128 },
      [/max_user_instances is 128.*sysctl fs\.inotify\.max_user_instances=512/],
    ],
    ["all", { diskFree: 0, inotifyWatches: 0, inotifyInstances: 0 }, [/disk/, /watches/, /instances/]],
  ])("%s", (_, limits, words) => {
    expect(limitWarnings(limits)).toEqual(words.map((pattern) => expect.stringMatching(pattern) as string));
  });
});

test("the disk that is looked at is the one of Docker's data folder; one that is not there is unknown", async () => {
  const folder = await newFolder();
  expect((await findHostLimits(folder)).diskFree).toBeGreaterThan(0);
  expect((await findHostLimits(join(folder, "none"))).diskFree).toBeUndefined();
});

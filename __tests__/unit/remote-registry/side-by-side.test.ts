import { expect, test } from "vitest";
import { sideBySide } from "../../../src/remote-registry/side-by-side.ts";

test("no more than the width at once, results in order", async () => {
  let now = 0;
  let most = 0;
  const results = await sideBySide([5, 4, 3, 2, 1, 0], 3, async (item) => {
    now += 1;
    most = Math.max(most, now);
    for (let turn = 0; turn < item; turn += 1) await Promise.resolve();
    now -= 1;
    return item * 10;
  });
  expect(results).toEqual([50, 40, 30, 20, 10, 0]);
  expect(most).toBe(3);
});

test("nothing to do", async () => {
  expect(await sideBySide([], 3, async () => 1)).toEqual([]);
});

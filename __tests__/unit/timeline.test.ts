import { expect, test } from "vitest";
import { Timeline } from "../../src/timeline.ts";
import { quickClock } from "./quick-clock.ts";

test("parts are told by their begin, with times since the start", async () => {
  const clock = quickClock();
  await clock.sleep(1_000_000);
  const timeline = new Timeline(clock);
  await clock.sleep(10);
  const result = await timeline.time("outer", async () => {
    await clock.sleep(5);
    await timeline.time("inner", () => clock.sleep(20));
    return "made";
  });
  expect(result).toBe("made");
  expect(timeline.parts).toEqual([
    { name: "outer", from: 10, to: 35 },
    { name: "inner", from: 15, to: 35 },
  ]);
  expect(timeline.elapsed()).toBe(35);
});

test("a part that fails is told too, and its failure passed on", async () => {
  const clock = quickClock();
  const timeline = new Timeline(clock);
  const failing = timeline.time("cluster", async () => {
    await clock.sleep(7);
    throw new Error("it is broken");
  });
  await expect(failing).rejects.toThrow("it is broken");
  expect(timeline.parts).toEqual([{ name: "cluster", from: 0, to: 7 }]);
});

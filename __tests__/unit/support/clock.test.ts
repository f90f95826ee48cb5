import { describe, expect, test } from "vitest";
import { span, systemClock } from "../../../src/support/clock.ts";

describe("a span of time as a person reads it", () => {
  test.each([
    [0, "0 ms"],
    [0.4, "0 ms"],
    [850.4, "850 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [1000, "1.0 s"],
    [12_340, "12.3 s"],
    [59_940, "59.9 s"],
    [59_980, "1 min 0 s"],
    [60_000, "1 min 0 s"],
    [119_600, "2 min 0 s"],
    [125_000, "2 min 5 s"],
    [3_600_000, "60 min 0 s"],
  ])("%d ms: %s", (ms, words) => {
    expect(span(ms)).toBe(words);
  });
});

test("sleep ends with the signal's reason, also when that came before", async () => {
  const stop = new AbortController();
  const sleeping = systemClock.sleep(600_000, stop.signal);
  stop.abort(new Error("enough"));
  await expect(sleeping).rejects.toThrow("enough");
  await expect(systemClock.sleep(600_000, stop.signal)).rejects.toThrow("enough");
});

test("sleep without a signal ends by itself", async () => {
  await expect(systemClock.sleep(1)).resolves.toBeUndefined();
});

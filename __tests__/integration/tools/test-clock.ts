import type { Clock } from "../../../src/support/clock.ts";
import { silenceLimit } from "../../../src/tools/open.ts";

/** Pauses are over at once, and written down. The limit of silence is reached only when the test says so. */
export interface TestClock extends Clock {
  readonly slept: readonly number[];
  /** Lets whoever waits for a silent server give up. */
  endPatience(): void;
}

/** @param tick milliseconds that pass between two looks at the clock. */
export function testClock(tick = 0): TestClock {
  let now = 1_000_000;
  const slept: number[] = [];
  const waiting = new Set<() => void>();
  return {
    slept,
    now() {
      now += tick;
      return now;
    },
    sleep(ms, signal) {
      if (ms < silenceLimit) {
        slept.push(ms);
        now += ms;
        return Promise.resolve();
      }
      return new Promise((resolve, reject) => {
        const end = () => {
          waiting.delete(end);
          resolve();
        };
        waiting.add(end);
        signal?.addEventListener("abort", () => {
          waiting.delete(end);
          reject(signal.reason);
        });
      });
    },
    endPatience() {
      for (const end of waiting) end();
    },
  };
}

import type { Clock } from "../../src/support/clock.ts";

/** Time that passes only by sleeping, and does so at once. */
export function quickClock(): Clock & { readonly slept: readonly number[] } {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: (ms) => {
      slept.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
}

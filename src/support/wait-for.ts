import type { Clock } from "./clock.ts";
import { TimeoutError } from "./errors.ts";

/** What one look found: the value, or what is missing so far. */
export type Look<T> =
  | { readonly done: true; readonly value: T }
  | { readonly done: false; readonly seen: string };

interface WaitOptions {
  readonly clock: Clock;
  /** What is waited for, as a clause: "reach the registry at 127.0.0.1:5000". */
  readonly tried: string;
  /** Said to the reader when time is over. */
  readonly todo: string;
  /** Milliseconds from now. */
  readonly within: number;
  /** Milliseconds between two looks. */
  readonly every: number;
  readonly signal?: AbortSignal;
}

/**
 * Looks again and again until `look` is done; for things that cannot be watched.
 * @throws TimeoutError with the last observation when `within` is over.
 */
export async function waitFor<T>(look: () => Promise<Look<T>>, options: WaitOptions): Promise<T> {
  const { clock, within, every, signal } = options;
  const end = clock.now() + within;
  for (;;) {
    const found = await look();
    if (found.done) return found.value;
    if (clock.now() + every > end) {
      throw new TimeoutError({ tried: options.tried, seen: found.seen, todo: options.todo });
    }
    await clock.sleep(every, signal);
  }
}

import { type Clock, span } from "../support/clock.ts";
import { codeOf, messageOf } from "../support/errors.ts";
import { ProxyRefusal } from "../support/exchange.ts";
import type { Logger } from "../support/logger.ts";

/** An answer with another status than 200. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly status: number;
  /** What the server asks to wait, in milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(
    url: URL,
    status: number,
    options: { retryAfter?: number | undefined; why?: string | undefined } = {},
  ) {
    super(`${shown(url)} answers ${status}${options.why === undefined ? "" : ` (${options.why})`}`);
    this.status = status;
    this.retryAfter = options.retryAfter;
  }
}

/** An address for the log: its query may be a signature, and its user part a password. */
export function shown({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

/** Not worth another try, whatever the reason. */
export class FinalError extends Error {
  override readonly name = "FinalError";
}

export const tries = 4;
/** The longest wait that a server may ask for, in milliseconds. */
const patience = 30_000;

/**
 * Tries up to four times, with growing pauses, what is worth it: a network error, 408, 429 and 5xx.
 * Rejects with the last error.
 */
export async function withRetries<T>(
  what: string,
  attempt: (signal: AbortSignal) => Promise<T>,
  { clock, logger, signal }: { clock: Clock; logger: Logger; signal: AbortSignal },
): Promise<T> {
  for (let turn = 1; ; turn++) {
    // Whatever an attempt left open ends with it.
    const over = new AbortController();
    try {
      return await attempt(AbortSignal.any([signal, over.signal]));
    } catch (error) {
      over.abort();
      signal.throwIfAborted();
      const pause = turn < tries ? pauseAfter(error, turn) : undefined;
      if (pause === undefined) throw error;
      logger.info(`${what}: ${causeOf(error)}; trying again in ${span(pause)} (try ${turn + 1} of ${tries})`);
      await clock.sleep(pause, signal);
    } finally {
      over.abort();
    }
  }
}

/** Milliseconds until the next try, or undefined when another would end the same way. */
export function pauseAfter(error: unknown, turn: number, random = Math.random()): number | undefined {
  if (!isWorthAnotherTry(error)) return undefined;
  const asked = error instanceof RefusedError ? error.retryAfter : undefined;
  if (asked !== undefined) return asked > patience ? undefined : asked;
  // 1, 2, 4 s and up to half of it less, so that parallel jobs do not come back together.
  return 1000 * 2 ** (turn - 1) * (1 - random / 2);
}

function isWorthAnotherTry(error: unknown): boolean {
  if (error instanceof RefusedError) return [408, 429].includes(error.status) || error.status >= 500;
  // 407: it wants other credentials.
  if (error instanceof ProxyRefusal && error.status === 407) return false;
  return !(error instanceof FinalError) && !isUntrusted(error) && !isLocal(error);
}

/** A certificate was refused: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
export function isUntrusted(error: unknown): boolean {
  return /CERT|UNABLE_TO_|SELF_SIGNED|SIGNATURE|HOSTNAME_MISMATCH/.test(codeOf(error) ?? "");
}

/** The file system's failure, not the network's. */
export function isLocal(error: unknown): boolean {
  return ["ENOSPC", "EACCES", "EROFS", "ENOENT", "EDQUOT", "ENOTDIR", "EISDIR"].includes(codeOf(error) ?? "");
}

/** The reason as a reader understands it; Node.js leaves it empty where several addresses were tried. */
export function causeOf(error: unknown): string {
  const inner = error instanceof AggregateError ? error.errors.map(messageOf).join(", ") : "";
  return messageOf(error) || inner || codeOf(error) || "unknown failure";
}

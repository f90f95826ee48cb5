import { type Clock, span } from "../support/clock.ts";
import { type Answer, retryAfterOf } from "../support/exchange.ts";
import { FinalError, RefusedError, shown } from "./retry.ts";
import type { ToolDeps } from "./tool-deps.ts";

/** The longest silence of a server, in milliseconds: before its answer, and between two parts of the body. */
export const silenceLimit = 30_000;
const redirections = 5;

export interface OpenOptions {
  readonly signal: AbortSignal;
  readonly accept?: string;
  /** A secret, sent to the URL's own origin alone. */
  readonly bearer?: string | undefined;
}

type Net = Pick<ToolDeps, "exchange" | "clock">;

/**
 * Follows redirections to an answer with status 200.
 * @throws RefusedError for another status; the system's error when there is no answer.
 */
export async function open(url: URL, options: OpenOptions, { exchange, clock }: Net): Promise<Answer> {
  let at = url;
  for (let turn = 0; turn <= redirections; turn++) {
    const headers = headersFor(at, url, options);
    const answer = await orSilent(exchange(at, { headers, signal: options.signal }), at, clock);
    if (answer.status === 200) return answer;
    const location = [301, 302, 303, 307, 308].includes(answer.status)
      ? answer.headers("location")[0]
      : undefined;
    answer.discard();
    if (location === undefined) throw refused(at, answer, clock);
    at = redirection(at, location);
  }
  throw new FinalError(`${shown(url)} was redirected more than ${redirections} times, last to ${shown(at)}`);
}

function headersFor(at: URL, first: URL, { accept, bearer }: OpenOptions): Record<string, string> {
  return {
    ...(accept === undefined ? {} : { accept }),
    ...(bearer === undefined || at.origin !== first.origin ? {} : { authorization: `Bearer ${bearer}` }),
  };
}

/** What came by https is not fetched in the clear. */
function redirection(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to === undefined || (to.protocol !== "https:" && to.protocol !== from.protocol)) {
    const where = to === undefined ? "what is no address" : shown(to);
    throw new FinalError(`${shown(from)} redirects to ${where}, which is not followed`);
  }
  return to;
}

function refused(url: URL, answer: Answer, clock: Clock): RefusedError {
  const retryAfter = retryAfterOf(answer, clock.now());
  const spent = answer.headers("x-ratelimit-remaining")[0] === "0";
  const asked = retryAfter === undefined ? undefined : `asks to wait ${span(retryAfter)}`;
  return new RefusedError(url, answer.status, {
    retryAfter,
    why: spent ? "the rate limit is used up" : asked,
  });
}

/** The parts of a body as they come. Rejects when none came for `silenceLimit`. */
export async function* partsOf(answer: Answer, url: URL, clock: Clock): AsyncGenerator<Uint8Array> {
  const parts = answer.body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const part = await orSilent(parts.next(), url, clock);
      if (part.done === true) return;
      yield part.value;
    }
  } finally {
    answer.discard();
  }
}

async function orSilent<T>(coming: Promise<T>, url: URL, clock: Clock): Promise<T> {
  const came = new AbortController();
  const silence = clock.sleep(silenceLimit, came.signal).then(() => {
    throw new Error(`${url.host} sent nothing for ${span(silenceLimit)}`);
  });
  silence.catch(() => {});
  coming.catch(() => {}); // ends later, when the request is aborted
  try {
    return await Promise.race([coming, silence]);
  } finally {
    came.abort();
  }
}

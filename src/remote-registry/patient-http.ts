import type { Clock } from "../support/clock.ts";
import { retryAfterOf } from "../support/exchange.ts";
import type { HttpAnswer, RegistryHttp } from "./http.ts";

/** Milliseconds from the first request in which a server that was asked too often is asked again. Nobody waits but post. */
const patience = 30_000;
/** Milliseconds to wait where a server does not tell, and at least. */
const shortestWait = 1_000;

/** Does as a server asks that was asked too often (a registry, its token server, GitHub's API), where that is not long. */
export function patientHttp(http: RegistryHttp, clock: Clock): RegistryHttp {
  const until = clock.now() + patience;
  return {
    async request(request) {
      for (;;) {
        const answer = await http.request(request);
        const wait = waitAskedFor(answer, clock.now());
        if (wait === undefined || clock.now() + wait > until) return answer;
        await clock.sleep(wait);
      }
    },
  };
}

/** Milliseconds. GitHub says 403 for its secondary limits too, with the header. */
function waitAskedFor(answer: HttpAnswer, now: number): number | undefined {
  const asked = retryAfterOf(answer, now);
  const tooOften = answer.status === 429 || ([403, 503].includes(answer.status) && asked !== undefined);
  return tooOften ? Math.max(shortestWait, asked ?? 0) : undefined;
}

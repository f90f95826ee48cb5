import { request } from "node:http";
import { evidenceHeader } from "../docker/labels.ts";
import type { Clock } from "../support/clock.ts";
import { codeOf, messageOf } from "../support/errors.ts";

/** What our own localhost answered when asked for the registry of this run. */
export type Reach =
  | { readonly ours: true }
  | {
      readonly ours: false;
      /** What was seen instead, for the reader. */
      readonly seen: string;
    };

/** One look at a port of our loopback. */
export type Answer =
  | { readonly kind: "owner"; readonly owner: string }
  /** Somebody answered who is not a registry of this action. */
  | { readonly kind: "stranger"; readonly seen: string }
  /** Nobody listens. */
  | { readonly kind: "refused" }
  /** A listener that does not answer yet, such as Docker's proxy before the registry listens. */
  | { readonly kind: "not-yet"; readonly seen: string };

/** Milliseconds: between two looks, and after which a port that refuses is taken for not ours. */
const every = 50;
const patience = { refused: 5_000, notYet: 60_000 } as const;
/** The same for a daemon whose address is another machine's: that its port refuses is what is expected. */
const shortPatience = 300;

/**
 * Whether the daemon's loopback is ours, settled by evidence and never by the look of an address: the
 * registry answers with a header value made for this run, and we ask our own localhost for it.
 * @param started resolves once the registry's program listens on its side, as far as can be told; a port that
 * still refuses some seconds after that is on another machine.
 */
export async function askLocalhost(
  registry: { readonly port: number; readonly owner: string },
  deps: {
    readonly clock: Clock;
    readonly ask?: (port: number) => Promise<Answer>;
    readonly started: Promise<unknown>;
    /** The daemon's address looks like this machine's: then a refusal is waited out. */
    readonly looksLocal: boolean;
  },
): Promise<Reach> {
  const ask = deps.ask ?? askPort;
  const { clock } = deps;
  const begun = clock.now();
  let listensSince: number | undefined;
  void deps.started.then(
    () => {
      listensSince = clock.now();
    },
    () => {},
  );
  for (;;) {
    const answer = await ask(registry.port);
    if (answer.kind === "owner" && answer.owner === registry.owner) return { ours: true };
    const verdict = finalVerdict(
      answer,
      clock.now() - begun,
      clock.now() - (listensSince ?? Number.POSITIVE_INFINITY),
      deps.looksLocal ? patience.refused : shortPatience,
    );
    if (verdict !== undefined) return { ours: false, seen: `localhost:${registry.port} ${verdict}` };
    await clock.sleep(every);
  }
}

function finalVerdict(
  answer: Answer,
  waited: number,
  sinceListening: number,
  refusedPatience: number,
): string | undefined {
  switch (answer.kind) {
    case "owner":
      return "answers as the registry of another run";
    case "stranger":
      return answer.seen;
    case "refused":
      return sinceListening > refusedPatience || waited > patience.notYet ? "refuses connections" : undefined;
    case "not-yet":
      return waited > patience.notYet ? answer.seen : undefined;
  }
}

/** Asks a port of our loopback for the evidence header. */
function askPort(port: number): Promise<Answer> {
  return new Promise((resolve) => {
    const asked = request(
      { host: "127.0.0.1", port, path: "/v2/", timeout: 2_000, agent: false },
      (response) => {
        response.resume();
        const owner = response.headers[evidenceHeader.toLowerCase()];
        if (typeof owner === "string") return resolve({ kind: "owner", owner });
        resolve({
          kind: "stranger",
          seen: `answers without this run's header (HTTP ${response.statusCode})`,
        });
      },
    );
    asked.on("timeout", () => asked.destroy(new Error("does not answer")));
    asked.on("error", (error) => {
      if (codeOf(error) === "ECONNREFUSED") return resolve({ kind: "refused" });
      // What speaks but not HTTP is somebody else's.
      if (codeOf(error)?.startsWith("HPE_") === true)
        return resolve({ kind: "stranger", seen: "does not speak HTTP" });
      resolve({ kind: "not-yet", seen: messageOf(error) });
    });
    asked.end();
  });
}

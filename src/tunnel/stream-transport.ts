import type { EngineApi } from "../docker/engine-api.ts";
import { type Carrier, openExec } from "../docker/exec-stream.ts";
import { bashEnd, type FarEnd, perlEnd } from "./far-end.ts";
import type { Target } from "./route.ts";
import { Spares } from "./spares.ts";
import type { Transport } from "./transport.ts";

/** How many starts of a process the daemon is asked for at once: it does them no faster side by side. */
const startsAtOnce = 8;

/**
 * A stream through the daemon: a process in the node's container for each connection. It works wherever the
 * docker command works.
 * @param log gets what the far ends complain about.
 */
export async function streamTransport(
  api: EngineApi,
  node: string,
  log: (line: string) => void,
): Promise<Transport> {
  const farEnd = await chooseFarEnd(api, node);
  log(`streams through the daemon end in ${farEnd.name} in ${node}`);
  const turns = new Turns(startsAtOnce);
  const spares = new Map<string, Spares>();
  const complain = (line: string) => log(`far end: ${line}`);
  const start = (target: Target): Promise<Carrier> =>
    turns.take(() => openExec(api, node, farEnd.command(target), complain, "as told"));
  const sparesFor = (target: Target): Spares => {
    const key = `${target.host}:${target.port}`;
    const known = spares.get(key) ?? new Spares(() => start(target));
    spares.set(key, known);
    return known;
  };
  return {
    name: "stream",
    prepare(target) {
      if (farEnd.waits) sparesFor(target);
    },
    open: (target) => (farEnd.waits ? sparesFor(target).take() : start(target)),
  };
}

async function chooseFarEnd(api: EngineApi, node: string): Promise<FarEnd> {
  const asked = await openExec(api, node, ["sh", "-c", "command -v perl"], () => {});
  asked.input.end();
  let said = "";
  for await (const part of asked.output) said += String(part);
  asked.destroy();
  return said.includes("perl") ? perlEnd : bashEnd;
}

/** Lets so many be at work at once; the others wait, first come, first served. */
class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

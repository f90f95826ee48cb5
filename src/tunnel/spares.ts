import type { Carrier } from "../docker/exec-stream.ts";

/** How many are kept ready. kubectl opens one connection, a pull or a push a handful. */
const wanted = 3;
/** With so few left the next is started at once. */
const few = 1;
/** Milliseconds without a new connection before more are started: that takes the time of those just opened. */
const quiet = 200;
/** Milliseconds before the next try when one could not be had. */
const pause = 1000;

/** Streams started ahead of their use, so that a new connection costs no start of a process. */
export class Spares {
  readonly #start: () => Promise<Carrier>;
  readonly #later: NodeJS.Timeout;
  readonly #ready: Carrier[] = [];
  /** Being started, for nobody yet. */
  readonly #coming = new Set<Promise<Carrier>>();

  constructor(start: () => Promise<Carrier>) {
    this.#start = start;
    this.#later = setTimeout(() => this.#fill(wanted), quiet).unref();
    this.#fill(few);
  }

  /** One that is ready, or comes soonest. @throws what starting threw. */
  take(): Promise<Carrier> {
    const ready = this.#ready.shift();
    // After this one is on its way: it comes first.
    setImmediate(() => this.#fill(few));
    this.#later.refresh();
    if (ready !== undefined) return Promise.resolve(release(ready));
    const [coming] = this.#coming;
    if (coming === undefined) return this.#start();
    this.#coming.delete(coming);
    return coming;
  }

  #fill(upTo: number): void {
    while (this.#ready.length + this.#coming.size < upTo) {
      const coming = this.#start();
      this.#coming.add(coming);
      coming.then(
        (carrier) => {
          if (this.#coming.delete(coming)) this.#keep(carrier);
        },
        () => {
          // The other side is away: its next user will say so.
          if (this.#coming.delete(coming)) setTimeout(() => this.#fill(wanted), pause).unref();
        },
      );
    }
  }

  #keep(carrier: Carrier): void {
    this.#ready.push(carrier);
    // One that ends while it waits, as when the node restarts, is no use to anybody.
    const drop = () => {
      const at = this.#ready.indexOf(carrier);
      if (at < 0) return;
      this.#ready.splice(at, 1);
      carrier.destroy();
      setTimeout(() => this.#fill(wanted), pause).unref();
    };
    carrier.output.on("end", drop);
    carrier.output.on("close", drop);
    carrier.output.on("error", drop);
    carrier.input.on("error", drop);
    // Its end is noticed only by who reads.
    carrier.output.resume();
  }
}

/** Nothing comes before the first byte is sent, so that what was read while it waited was nothing. */
function release(carrier: Carrier): Carrier {
  carrier.output.pause();
  return carrier;
}

import type { Carrier } from "../docker/exec-stream.ts";

/** How many are kept ready. kubectl opens one connection, a pull or a push a handful. */
const wanted = 2;
/** Milliseconds before the next try when one could not be had. */
const pause = 1000;

/** Streams started ahead of their use, so that a new connection costs no start of a process. */
export class Spares {
  readonly #start: () => Promise<Carrier>;
  readonly #ready: Carrier[] = [];
  #starting = 0;

  constructor(start: () => Promise<Carrier>) {
    this.#start = start;
  }

  /** One that is ready, or a new one. @throws what starting threw. */
  take(): Promise<Carrier> {
    const ready = this.#ready.shift();
    // After this one is on its way: it comes first.
    setImmediate(() => this.#fill());
    return ready === undefined ? this.#start() : Promise.resolve(release(ready));
  }

  #fill(): void {
    while (this.#ready.length + this.#starting < wanted) {
      this.#starting++;
      this.#start()
        .then((carrier) => this.#keep(carrier))
        .catch(() => {
          // The other side is away: its next user will say so. Nobody waits for this one.
          setTimeout(() => this.#fill(), pause).unref();
        })
        .finally(() => {
          this.#starting--;
        });
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
      setTimeout(() => this.#fill(), pause).unref();
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

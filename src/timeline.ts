import type { Clock } from "./support/clock.ts";

/** One part of bringing up, with its begin and end in milliseconds since the start. */
export interface TimedPart {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** How long each part took; parts overlap. */
export class Timeline {
  readonly #clock: Clock;
  readonly #begun: number;
  readonly #parts: TimedPart[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#begun = clock.now();
  }

  /** Runs a part and notes its time, also when it fails. */
  async time<T>(name: string, part: () => Promise<T>): Promise<T> {
    const from = this.elapsed();
    try {
      return await part();
    } finally {
      this.#parts.push({ name, from, to: this.elapsed() });
    }
  }

  /** Milliseconds since the start. */
  elapsed(): number {
    return this.#clock.now() - this.#begun;
  }

  /** All parts so far, by their begin. */
  get parts(): readonly TimedPart[] {
    return [...this.#parts].sort((a, b) => a.from - b.from);
  }
}

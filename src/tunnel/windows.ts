/**
 * How many bytes a connection may have under way before its receiver has taken them. Each receiver keeps to these
 * for itself, so that one that is slow holds up its own sender alone, and memory has a bound on both sides.
 */
export const windows = {
  /** Bytes at first. Two hundred receivers that take nothing cost 50 MiB. */
  first: 256 * 1024,
  /** Bytes for a receiver that keeps up: the longer the way to the daemon, the more is under way. */
  most: 4 * 1024 * 1024,
  /** Bytes that all connections of a stream may have beyond their first. */
  spare: 32 * 1024 * 1024,
} as const;

/** What a stream's receivers may still grow by. */
export interface Spare {
  left: number;
}

/** The receiver's side of one connection's window. */
export class Window {
  readonly #spare: Spare;
  #size: number = windows.first;
  /** Bytes that were taken and not yet granted anew. */
  #owed = 0;

  constructor(spare: Spare) {
    this.#spare = spare;
  }

  /**
   * Bytes were taken off our hands.
   * @param keepsUp Nothing waits behind them: the window grows.
   * @returns bytes that the sender is to be granted now; 0 while it has enough.
   */
  taken(bytes: number, keepsUp: boolean): number {
    this.#owed += bytes;
    if (this.#owed < this.#size / 4) return 0;
    const more = keepsUp ? Math.min(this.#size, windows.most - this.#size, this.#spare.left) : 0;
    this.#size += more;
    this.#spare.left -= more;
    const granted = this.#owed + more;
    this.#owed = 0;
    return granted;
  }

  /** The connection is over. */
  release(): void {
    this.#spare.left += this.#size - windows.first;
    this.#size = windows.first;
  }
}

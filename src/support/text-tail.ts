/** Keeps the last `limit` characters of what is added: output without an end must not fill the memory. */
export class TextTail {
  readonly #limit: number;
  #text = "";
  #cut = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(text: string): void {
    this.#text += text;
    // Cut at twice the limit, so that a long output costs linear time.
    if (this.#text.length <= this.#limit * 2) return;
    this.#text = this.#text.slice(-this.#limit);
    this.#cut = true;
  }

  toString(): string {
    const text = this.#text.slice(-this.#limit);
    return this.#cut || text.length < this.#text.length ? `[…]${text}` : text;
  }
}

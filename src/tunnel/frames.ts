/**
 * What is said on a stream that carries many connections. A frame has a head of nine bytes (the connection's number,
 * a byte for the kind, the body's length) and a body. Numbers are never used twice, so that what still comes for a
 * connection that one side has dropped means nobody else.
 */
export type Frame = { readonly id: number } & (
  | { readonly what: "open" }
  /** A frame's bytes may be handed out in several parts, as they come. */
  | { readonly what: "data"; readonly bytes: Buffer }
  /** The sender's direction is complete. */
  | { readonly what: "end" }
  /** The connection is broken, or dropped. */
  | { readonly what: "reset"; readonly why: string }
  /** So many bytes more may be sent. */
  | { readonly what: "credit"; readonly bytes: number }
  /** Asks for the same frame back: is anybody there? */
  | { readonly what: "ping" }
);

/** Bytes of the kinds; the far end (multiplexer.ts) has the same. */
export const kinds = { open: 1, data: 2, end: 3, reset: 4, credit: 5, ping: 6 } as const;
const kindNames = new Map<number, Frame["what"]>(
  Object.entries(kinds).map(([name, kind]) => [kind, name as Frame["what"]]),
);

export const headLength = 9;
/** Bytes of a body that is not data: anything longer is not ours. */
const mostOfWords = 4096;

/** The head, and the body where there is one: data is not copied. */
export function encode(frame: Frame): Buffer[] {
  const body = bodyOf(frame);
  const head = Buffer.allocUnsafe(headLength);
  head.writeUInt32BE(frame.id);
  head[4] = kinds[frame.what];
  head.writeUInt32BE(body?.length ?? 0, 5);
  return body === undefined ? [head] : [head, body];
}

function bodyOf(frame: Frame): Buffer | undefined {
  switch (frame.what) {
    case "data":
      return frame.bytes;
    case "reset":
      return Buffer.from(frame.why).subarray(0, mostOfWords);
    case "credit": {
      const bytes = Buffer.allocUnsafe(4);
      bytes.writeUInt32BE(frame.bytes);
      return bytes;
    }
    case "open":
    case "end":
    case "ping":
      return undefined;
  }
}

/** Reads frames out of a stream that is cut anywhere. */
export class FrameReader {
  #head = Buffer.alloc(0);
  #id = 0;
  #what: Frame["what"] | undefined;
  /** Bytes of the body that are still to come. */
  #left = 0;
  /** The body so far, of what is no data. */
  #body = Buffer.alloc(0);

  /** @throws Error with the text that came, when it is no frame. */
  read(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let rest = chunk;
    for (;;) {
      if (this.#what === undefined) rest = this.#readHead(rest);
      const what = this.#what;
      if (what === undefined) return frames;
      const part = rest.subarray(0, this.#left);
      rest = rest.subarray(part.length);
      this.#left -= part.length;
      if (what !== "data") this.#body = Buffer.concat([this.#body, part]);
      else if (part.length > 0) frames.push({ id: this.#id, what, bytes: part });
      if (this.#left > 0) return frames;
      if (what !== "data") frames.push(frameOf(this.#id, what, this.#body));
      this.#what = undefined;
    }
  }

  #readHead(chunk: Buffer): Buffer {
    const taken = headLength - this.#head.length;
    this.#head = Buffer.concat([this.#head, chunk.subarray(0, taken)]);
    if (this.#head.length < headLength) return chunk.subarray(taken);
    const head = this.#head;
    const what = kindNames.get(head[4] ?? 0);
    this.#id = head.readUInt32BE();
    this.#left = head.readUInt32BE(5);
    if (what === undefined || (what !== "data" && this.#left > mostOfWords))
      throw new Error(`no frame: ${Buffer.concat([head, chunk.subarray(taken)]).toString("utf8", 0, 500)}`);
    this.#what = what;
    this.#head = Buffer.alloc(0);
    this.#body = Buffer.alloc(0);
    return chunk.subarray(taken);
  }
}

function frameOf(id: number, what: Exclude<Frame["what"], "data">, body: Buffer): Frame {
  if (what === "reset") return { id, what, why: body.toString("utf8") };
  if (what === "credit") return { id, what, bytes: body.length < 4 ? 0 : body.readUInt32BE() };
  return { id, what };
}

import { Duplex } from "node:stream";
import type { Frame } from "./frames.ts";
import { type Spare, Window, windows } from "./windows.ts";

/** What a connection needs of the stream that carries it. */
export interface Link {
  readonly spare: Spare;
  send(frame: Frame): void;
  /** True while the stream takes no more for now. */
  readonly full: boolean;
  /** Calls back once, in turn with others, when it takes more. */
  whenFree(again: () => void): void;
  /** The connection is over: nothing that still comes for it is meant for anybody. */
  forget(id: number): void;
}

/** Milliseconds that the target may be silent after the client has ended its direction, or has gone: they look alike from here. */
const silence = 30_000;

/** Bytes of a data frame: a longer one would keep the others waiting. */
const mostOfFrame = 64 * 1024;

type Done = (error?: Error | null) => void;

/**
 * One connection among many on a stream. It opens with its first byte, so that it can wait for its use without
 * the target noticing. Destroying it before both directions have ended is a reset for the target.
 */
export class Connection extends Duplex {
  readonly id: number;
  readonly #link: Link;
  readonly #window: Window;
  #opened = false;
  /** Bytes that the far side still takes. */
  #credit: number = windows.first;
  /** Being sent. */
  #outgoing: { bytes: Buffer; readonly done: Done } | undefined;
  #asked = false;
  /** Has come, and nobody has asked for it yet. */
  readonly #waiting: Buffer[] = [];
  /** What follows the last byte that waits. */
  #last: "end" | Error | undefined;
  #wanted = false;
  #ended = { here: false, there: false };
  #silent: NodeJS.Timeout | undefined;

  constructor(id: number, link: Link) {
    // What its reader has not asked for stays here, where it counts against the window.
    super({ readableHighWaterMark: 0, writableHighWaterMark: mostOfFrame });
    this.id = id;
    this.#link = link;
    this.#window = new Window(link.spare);
    // One that nobody listens to breaks without ending the process.
    this.on("error", () => {});
  }

  /** Bytes that have come and were not read yet. */
  get bytesWaiting(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, this.readableLength);
  }

  /** A frame from the far side. */
  hear(frame: Frame): void {
    switch (frame.what) {
      case "data":
        this.#waiting.push(alone(frame.bytes));
        this.#silent?.refresh();
        break;
      case "end":
        this.#ended.there = true;
        this.#last = "end";
        break;
      case "reset":
        this.#ended = { here: true, there: true };
        this.#last = new Error(frame.why);
        break;
      case "credit":
        this.#credit += frame.bytes;
        this.#transmit();
        return;
      case "open":
      case "ping":
        return;
    }
    if (this.#wanted) this.#deliver();
  }

  override _read(): void {
    this.#wanted = true;
    this.#deliver();
  }

  #deliver(): void {
    let taken = 0;
    while (this.#wanted) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#wanted = this.push(next);
      taken += next.length;
    }
    const idle = this.#waiting.length === 0;
    const granted = taken === 0 ? 0 : this.#window.taken(taken, idle);
    if (granted > 0 && !this.#ended.there) this.#link.send({ id: this.id, what: "credit", bytes: granted });
    if (!idle || this.#last === undefined) return;
    if (this.#last === "end") this.push(null);
    // Not before what came first has been read.
    else if (this.#wanted) this.destroy(this.#last);
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#open();
    this.#outgoing = { bytes, done };
    this.#transmit();
  }

  override _final(done: Done): void {
    if (!this.#opened) {
      // It has asked nothing, and gets no answer.
      this.#ended = { here: true, there: true };
      this.#last = "end";
      if (this.#wanted) this.#deliver();
    } else if (!this.#ended.here) {
      this.#ended.here = true;
      this.#link.send({ id: this.id, what: "end" });
      this.#watchSilence();
    }
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    clearTimeout(this.#silent);
    this.#window.release();
    this.#link.forget(this.id);
    if (this.#opened && !(this.#ended.here && this.#ended.there))
      this.#link.send({ id: this.id, what: "reset", why: "dropped" });
    done(error);
  }

  #open(): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#link.send({ id: this.id, what: "open" });
  }

  #transmit(): void {
    while (this.#outgoing !== undefined && this.#credit > 0 && !this.destroyed) {
      if (this.#link.full) {
        this.#waitInTurn();
        return;
      }
      const { bytes, done } = this.#outgoing;
      const part = bytes.subarray(0, Math.min(this.#credit, mostOfFrame));
      this.#credit -= part.length;
      this.#link.send({ id: this.id, what: "data", bytes: part });
      if (part.length < bytes.length) this.#outgoing.bytes = bytes.subarray(part.length);
      else {
        this.#outgoing = undefined;
        done();
      }
    }
  }

  #waitInTurn(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#link.whenFree(() => {
      this.#asked = false;
      this.#transmit();
    });
  }

  #watchSilence(): void {
    this.#silent = setTimeout(() => {
      // It is not silent: its reader is slow.
      if (this.bytesWaiting > 0) this.#silent?.refresh();
      else if (!this.#ended.there)
        this.destroy(new Error(`silent for ${silence / 1000} s after the client's end`));
    }, silence).unref();
  }
}

/** A small part does not keep the large piece of memory that it was cut from. */
function alone(bytes: Buffer): Buffer {
  return bytes.length * 4 < bytes.buffer.byteLength ? Buffer.from(bytes) : bytes;
}

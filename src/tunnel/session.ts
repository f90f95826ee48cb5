import type { Carrier } from "../docker/exec-stream.ts";
import { messageOf } from "../support/errors.ts";
import { Connection, type Link } from "./connection.ts";
import { encode, type Frame, FrameReader } from "./frames.ts";
import { windows } from "./windows.ts";

export interface SessionEvents {
  /** It has ended and was not told to. */
  ended(why: string): void;
  /** Its last connection has gone. */
  idle(): void;
}

/**
 * Milliseconds of silence before the far end is asked whether it is there, and that it may take to answer. The kernel
 * would wait a quarter of an hour for a network that swallows what is sent, and every new connection with it.
 */
const patience = 15_000;

/**
 * One stream to the far end (multiplexer.ts), and the connections on it. Reading never waits for one of them: what
 * may come is bounded by their windows. When the stream ends, for whatever reason, all of them are broken.
 */
export class Session {
  readonly #stream: Carrier;
  readonly #connections = new Map<number, Connection>();
  readonly #reader = new FrameReader();
  readonly #link: Link;
  readonly #waiting: (() => void)[] = [];
  #full = false;
  #lastId = 0;
  #ended = false;
  #heard: "something" | "nothing" | "nothing since it was asked" = "something";
  readonly #asks: NodeJS.Timeout;
  readonly #events: SessionEvents;

  constructor(stream: Carrier, events: SessionEvents) {
    this.#stream = stream;
    this.#events = events;
    const full = () => this.#full;
    this.#link = {
      spare: { left: windows.spare },
      send: (frame) => this.#send(frame),
      get full() {
        return full();
      },
      whenFree: (again) => this.#waiting.push(again),
      forget: (id) => this.#forget(id),
    };
    stream.output.on("data", (chunk: Buffer) => this.#hear(chunk));
    for (const side of [stream.output, stream.input]) {
      side.on("error", (error: Error) => this.#end(messageOf(error)));
      side.on("close", () => this.#end("the stream through the daemon was cut"));
    }
    stream.output.on("end", () => this.#end("the stream through the daemon was cut"));
    stream.input.on("drain", () => this.#free());
    this.#asks = setInterval(() => this.#ask(), patience).unref();
  }

  /** Connections that are on it. */
  get size(): number {
    return this.#connections.size;
  }

  /** @throws Error when it has ended. */
  connect(): Connection {
    if (this.#ended) throw new Error("the stream through the daemon has ended");
    const connection = new Connection(++this.#lastId, this.#link);
    this.#connections.set(connection.id, connection);
    return connection;
  }

  /** Lets the far end go. */
  close(): void {
    this.#end();
  }

  #forget(id: number): void {
    this.#connections.delete(id);
    if (this.#connections.size === 0 && !this.#ended) this.#events.idle();
  }

  #ask(): void {
    if (this.#heard === "nothing since it was asked") {
      this.#end(`the far end has not answered for ${patience / 1000} s`);
    } else if (this.#heard === "nothing" && this.#connections.size > 0) {
      this.#heard = "nothing since it was asked";
      this.#send({ id: 0, what: "ping" });
    } else this.#heard = "nothing";
  }

  #hear(chunk: Buffer): void {
    this.#heard = "something";
    try {
      for (const frame of this.#reader.read(chunk)) this.#connections.get(frame.id)?.hear(frame);
    } catch (error) {
      this.#end(messageOf(error));
    }
  }

  #send(frame: Frame): void {
    if (this.#ended) return;
    const { input } = this.#stream;
    // All that is said in one go is one write.
    if (input.writableCorked === 0) {
      input.cork();
      process.nextTick(() => input.uncork());
    }
    for (const part of encode(frame)) if (!input.write(part)) this.#full = true;
  }

  /** Each that waits gets its turn, until the stream is full again. */
  #free(): void {
    this.#full = false;
    while (!this.#full) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next();
    }
  }

  #end(why?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#asks);
    for (const connection of this.#connections.values())
      connection.destroy(new Error(why ?? "the stream through the daemon has ended"));
    this.#stream.destroy();
    if (why !== undefined) this.#events.ended(why);
  }
}

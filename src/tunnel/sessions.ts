import type { Carrier } from "../docker/exec-stream.ts";
import type { Connection } from "./connection.ts";
import { Session } from "./session.ts";

/** Connections on one stream: its far end has 1024 descriptors at most, and a burst is carried by two processes. */
const mostConnections = 400;
/** Milliseconds before a stream that ended, or could not be had, is tried again. */
const pause = 1000;

/**
 * The streams to one target. One is kept open ahead of its use, so that a new connection costs no start of a process;
 * another is opened while more connections are open than one takes.
 */
export class Sessions {
  readonly #start: () => Promise<Carrier>;
  readonly #log: (line: string) => void;
  #open: Session[] = [];
  #coming: Promise<void> | undefined;

  constructor(start: () => Promise<Carrier>, log: (line: string) => void) {
    this.#start = start;
    this.#log = log;
    this.#keepOne();
  }

  /** @throws what starting threw. */
  async connect(): Promise<Connection> {
    for (;;) {
      const session = this.#open.find(({ size }) => size < mostConnections);
      if (session !== undefined) return session.connect();
      await this.#another();
    }
  }

  /** Those who need another stream at the same time wait for the same one. */
  #another(): Promise<void> {
    this.#coming ??= this.#start()
      .then((stream) => {
        const session = new Session(stream, {
          ended: (why) => this.#lost(session, why),
          idle: () => this.#spare(session),
        });
        this.#open.push(session);
      })
      .finally(() => {
        this.#coming = undefined;
      });
    return this.#coming;
  }

  #lost(session: Session, why: string): void {
    this.#open = this.#open.filter((one) => one !== session);
    this.#log(why);
    // Where the other side is away its next user will say so.
    this.#keepOneSoon();
  }

  /** The last connection on it has gone: one such stream is enough. */
  #spare(session: Session): void {
    if (this.#open.length === 1) return;
    this.#open = this.#open.filter((one) => one !== session);
    session.close();
  }

  #keepOne(): void {
    if (this.#open.length > 0 || this.#coming !== undefined) return;
    this.#another().catch(() => this.#keepOneSoon());
  }

  #keepOneSoon(): void {
    setTimeout(() => this.#keepOne(), pause).unref();
  }
}

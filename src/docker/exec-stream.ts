import { type Readable, Transform, type TransformCallback, type Writable } from "node:stream";
import type { EngineApi } from "./engine-api.ts";

/** Two directions that end apart from each other, and one way to drop both. */
export interface Carrier {
  /** Ending it tells the far side that nothing more comes. */
  readonly input: Writable;
  readonly output: Readable;
  destroy(): void;
}

/**
 * Starts a program in a container and connects to it. When this side leaves, the program sees the end of its
 * stdin and nothing else; ending is its own affair.
 * @param onStderr gets what the program complains about.
 * @param ends how the output comes to its end. A killed program, a stopped container and a connection that is cut all
 * end the stream as one that has said all: where that matters, the program must tell its end, by a line on stderr.
 * @throws EngineError when the daemon refuses, a system error when it cannot be reached.
 */
export async function openExec(
  api: EngineApi,
  container: string,
  command: readonly string[],
  onStderr: (text: string) => void,
  ends: "with the stream" | "as told" = "with the stream",
): Promise<Carrier> {
  const created = await api.call("POST", `/containers/${encodeURIComponent(container)}/exec`, {
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    Cmd: command,
  });
  const { stream, early } = await api.hijack(`/exec/${idOf(created)}/start`, { Detach: false, Tty: false });
  const output = new StdoutOfFrames(onStderr, ends === "as told");
  if (early.length > 0) output.write(early);
  stream.pipe(output);
  stream.on("error", (error) => output.destroy(error));
  stream.on("close", () => {
    if (!output.writableEnded) output.end();
  });
  return {
    input: stream,
    output,
    destroy() {
      stream.destroy();
      output.destroy();
    },
  };
}

function idOf(answer: unknown): string {
  if (typeof answer === "object" && answer !== null && "Id" in answer) return String(answer.Id);
  throw new Error("the daemon created a process without an id");
}

const headLength = 8;

/** A line of stderr by which a program tells that all which came, or still comes, is all. */
const endLine = "end";

/**
 * Docker's frames: a stream's number, three zeros, the length, then the bytes.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
 */
export class StdoutOfFrames extends Transform {
  readonly #onStderr: (text: string) => void;
  /** The stream's end alone is a failure. */
  readonly #mustBeTold: boolean;
  #head = Buffer.alloc(0);
  #stream = 0;
  #left = 0;
  #passed = 0;
  #told = false;

  constructor(onStderr: (text: string) => void, mustBeTold = false) {
    super();
    this.#onStderr = onStderr;
    this.#mustBeTold = mustBeTold;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.#left === 0 ? this.#readHead(rest) : this.#readBody(rest);
    done();
  }

  override _flush(done: TransformCallback): void {
    const whole = this.#told || !this.#mustBeTold;
    done(whole ? null : new Error(`cut off after ${this.#passed} bytes`));
  }

  #readHead(chunk: Buffer): Buffer {
    const taken = headLength - this.#head.length;
    this.#head = Buffer.concat([this.#head, chunk.subarray(0, taken)]);
    if (this.#head.length === headLength) {
      this.#stream = this.#head[0] ?? 0;
      this.#left = this.#head.readUInt32BE(4);
      this.#head = Buffer.alloc(0);
    }
    return chunk.subarray(taken);
  }

  #readBody(chunk: Buffer): Buffer {
    const body = chunk.subarray(0, this.#left);
    this.#left -= body.length;
    if (this.#stream === 2) this.#hear(body.toString("utf8"));
    else {
      this.#passed += body.length;
      this.push(body);
    }
    return chunk.subarray(body.length);
  }

  #hear(text: string): void {
    for (const line of text.split("\n").filter((part) => part !== "")) {
      if (this.#mustBeTold && line === endLine) this.#told = true;
      else this.#onStderr(line);
    }
  }
}

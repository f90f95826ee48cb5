import { spawn } from "node:child_process";
import { Duplex } from "node:stream";
import { onTestFinished } from "vitest";
import type { EngineApi } from "../../../src/docker/engine-api.ts";

/** A frame as Docker makes them: the stream's number, the length, the bytes. */
export function dockerFrame(stream: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
}

/** A daemon whose containers are this machine; `missing` are programs that it does not have. */
export function localEngine(missing: readonly string[] = []) {
  const commands: string[][] = [];
  let starting = 0;
  const seen = { atOnce: 0 };
  const api: EngineApi = {
    call(_method, _path, body) {
      starting++;
      seen.atOnce = Math.max(seen.atOnce, starting);
      return Promise.resolve({ Id: String(commands.push((body as { Cmd: string[] }).Cmd) - 1) });
    },
    async hijack(path) {
      const command = commands[Number(path.split("/")[2])] ?? [];
      await new Promise((resolve) => setTimeout(resolve, 5));
      starting--;
      const lookup = command[0] === "sh" && missing.some((program) => command.at(-1)?.includes(program));
      return { stream: attached(lookup ? ["true"] : command), early: Buffer.alloc(0) };
    },
  };
  return { api, commands, seen };
}

function attached([program = "", ...args]: readonly string[]): Duplex {
  const child = spawn(program, args);
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  child.stdin.on("error", () => {});
  const stream = new Duplex({
    read() {},
    write: (chunk, _encoding, done) => child.stdin.write(chunk, done),
    final: (done) => child.stdin.end(done),
    destroy(error, done) {
      child.stdin.destroy();
      done(error);
    },
  });
  child.stdout.on("data", (bytes: Buffer) => stream.push(dockerFrame(1, bytes)));
  child.stderr.on("data", (bytes: Buffer) => stream.push(dockerFrame(2, bytes)));
  child.on("close", () => stream.push(null));
  return stream;
}

import { type ChildProcess, spawn } from "node:child_process";
import { expect, test } from "vitest";
import { bashEnd } from "../../../src/tunnel/bash-end.ts";
import { serve } from "./servers.ts";

// The program as it runs in a node, here against servers on our own loopback.

interface Said {
  readonly out: Promise<string>;
  readonly err: Promise<string>;
}

function start(port: number): ChildProcess & Said {
  const [program = "", ...args] = bashEnd({ host: "127.0.0.1", port });
  const child = spawn(program, args, { stdio: "pipe" });
  child.stdin.on("error", () => {});
  const all = async (stream: AsyncIterable<Buffer>) => {
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part);
    return Buffer.concat(parts).toString();
  };
  return Object.assign(child, { out: all(child.stdout), err: all(child.stderr) });
}

test("carries a question and its answer, and ends with the target", async () => {
  const { port } = await serve((socket) =>
    socket.once("data", (data) => socket.end(`you said ${String(data)}`)),
  );
  const child = start(port);
  child.stdin?.write("hello");
  expect(await child.out).toBe("you said hello");
  expect(await child.err).toBe("end\n");
});

test("a target that resets has not ended in good order", async () => {
  const { port } = await serve((socket) => socket.once("data", () => socket.resetAndDestroy()));
  const child = start(port);
  child.stdin?.write("hello");
  expect(await child.err).not.toMatch(/^end/m);
});

test("a target that resets before anything could be waited for ends it too", async () => {
  const { port } = await serve((socket) => socket.resetAndDestroy());
  for (let turn = 0; turn < 50; turn++) {
    const child = start(port);
    expect(await child.err).not.toMatch(/^end/m);
  }
});

test("after the client's end the target may still answer for two seconds, and is not waited for longer", async () => {
  const { port } = await serve((socket) => socket.once("data", () => socket.write("hello to you")));
  const child = start(port);
  child.stdin?.end("hello");
  expect(await child.out).toBe("hello to you");
  expect(await child.err).not.toMatch(/^end/m);
});

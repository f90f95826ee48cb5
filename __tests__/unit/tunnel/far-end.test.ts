import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { bashEnd, type FarEnd, perlEnd } from "../../../src/tunnel/far-end.ts";

// The programs as they run in a node, here against servers on our own loopback.
let server: Server;
let sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  server.close();
});

async function serve(onConnection: (socket: Socket) => void): Promise<number> {
  server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

interface Said {
  readonly out: Promise<Buffer>;
  readonly err: Promise<string>;
}

function start(end: FarEnd, port: number): ChildProcess & Said {
  const [program = "", ...args] = end.command({ host: "127.0.0.1", port });
  const child = spawn(program, args, { stdio: "pipe" });
  child.stdin.on("error", () => {});
  const all = async (stream: AsyncIterable<Buffer>) => {
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part);
    return Buffer.concat(parts);
  };
  return Object.assign(child, { out: all(child.stdout), err: all(child.stderr).then(String) });
}

const ended = (child: ChildProcess) => new Promise((resolve) => child.once("exit", resolve));

describe("perl", () => {
  test("does not connect before the first byte, and goes quietly when none comes", async () => {
    const port = await serve(() => {});
    const child = start(perlEnd, port);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sockets).toHaveLength(0);
    child.stdin?.end();
    expect(await ended(child)).toBe(0);
    expect(await child.err).toBe("end 0\n");
    expect(sockets).toHaveLength(0);
  });

  test("ends one direction alone: the answer that comes after the question's end arrives whole", async () => {
    const port = await serve((socket) => {
      let said = "";
      socket.on("data", (data) => {
        said += String(data);
      });
      socket.on("end", () => setTimeout(() => socket.end(`you said ${said}`), 200));
    });
    const child = start(perlEnd, port);
    child.stdin?.end("hello");
    expect((await child.out).toString()).toBe("you said hello");
  });

  test("carries 8 MB both ways at once, byte for byte", async () => {
    const port = await serve((socket) => socket.pipe(socket));
    const child = start(perlEnd, port);
    const sent = randomBytes(8 * 1024 * 1024);
    child.stdin?.end(sent);
    const sum = (data: Buffer) => createHash("sha256").update(data).digest("hex");
    expect(sum(await child.out)).toBe(sum(sent));
  });

  test("tells the target's end in good order, with the number of bytes, and goes when its client has gone", async () => {
    const port = await serve((socket) => socket.end("bye"));
    const child = start(perlEnd, port);
    child.stdin?.write("hello");
    const told = await new Promise((resolve) => child.stderr?.once("data", resolve));
    expect(String(told)).toBe("end 3\n");
    expect(child.exitCode).toBeNull();
    child.stdin?.end();
    expect((await child.out).toString()).toBe("bye");
    expect(await ended(child)).toBe(0);
  });

  test("a target that resets has not ended in good order; what it had sent arrives", async () => {
    const port = await serve((socket) =>
      socket.once("data", () => socket.write("half", () => setTimeout(() => socket.resetAndDestroy(), 100))),
    );
    const child = start(perlEnd, port);
    child.stdin?.write("hello");
    expect((await child.out).toString()).toBe("half");
    expect(await child.err).toMatch(/^127\.0\.0\.1:\d+: read: .*reset by peer\n$/);
  });

  test("a target that refuses is told, and is no end in good order", async () => {
    const port = await serve(() => {});
    await new Promise((resolve) => server.close(resolve));
    const child = start(perlEnd, port);
    child.stdin?.write("hello");
    expect(await child.err).toMatch(/refused\n$/);
    server = createServer();
  });
});

describe("bash", () => {
  test("carries a question and its answer, and ends with the target", async () => {
    const port = await serve((socket) =>
      socket.once("data", (data) => socket.end(`you said ${String(data)}`)),
    );
    const child = start(bashEnd, port);
    child.stdin?.write("hello");
    expect((await child.out).toString()).toBe("you said hello");
    expect(await child.err).toBe("end\n");
  });

  test("a target that resets has not ended in good order", async () => {
    const port = await serve((socket) => socket.once("data", () => socket.resetAndDestroy()));
    const child = start(bashEnd, port);
    child.stdin?.write("hello");
    expect(await child.err).not.toMatch(/^end/m);
  });

  test("a target that resets before anything could be waited for ends it too", async () => {
    const port = await serve((socket) => socket.resetAndDestroy());
    for (let turn = 0; turn < 50; turn++) {
      const child = start(bashEnd, port);
      expect(await child.err).not.toMatch(/^end/m);
    }
  });

  test("after the client's end the target may still answer for two seconds, and is not waited for longer", async () => {
    const port = await serve((socket) => socket.once("data", () => socket.write("hello to you")));
    const child = start(bashEnd, port);
    child.stdin?.end("hello");
    expect((await child.out).toString()).toBe("hello to you");
    expect(await child.err).not.toMatch(/^end/m);
  });
});

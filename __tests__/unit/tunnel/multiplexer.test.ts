import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createHash, randomBytes, randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Connection } from "../../../src/tunnel/connection.ts";
import { encode, FrameReader } from "../../../src/tunnel/frames.ts";
import { multiplexer } from "../../../src/tunnel/multiplexer.ts";
import { Session } from "../../../src/tunnel/session.ts";
import { windows } from "../../../src/tunnel/windows.ts";
import { serve, soon } from "./servers.ts";

// The program as it runs in a node, and the session as it runs here, against servers on our own loopback.

function startProgram(port: number, host = "127.0.0.1"): ChildProcessWithoutNullStreams {
  const [program = "", ...args] = multiplexer({ host, port }, 1);
  const child = spawn(program, args);
  child.stdin.on("error", () => {});
  child.stderr.on("data", (words) => expect.unreachable(String(words)));
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

interface Far {
  readonly session: Session;
  readonly child: ChildProcessWithoutNullStreams;
  readonly ends: string[];
}

function reach(port: number, host?: string): Far {
  const child = startProgram(port, host);
  const ends: string[] = [];
  const destroy = () => {
    child.stdin.destroy();
    child.stdout.destroy();
  };
  const session = new Session(
    { input: child.stdin, output: child.stdout, destroy },
    { ended: (why) => ends.push(why), idle: () => {} },
  );
  return { session, child, ends };
}

/** All that comes until the end. @throws what broke the connection, with what had come. */
function heard(connection: Connection): Promise<Buffer> {
  const parts: Buffer[] = [];
  return new Promise((resolve, reject) => {
    connection.on("data", (part: Buffer) => parts.push(part));
    connection.on("end", () => resolve(Buffer.concat(parts)));
    connection.on("error", (error) => reject(new Error(`${error.message} after “${Buffer.concat(parts)}”`)));
  });
}

const sha256 = (data: Buffer) => createHash("sha256").update(data).digest("hex");
const echo = () => serve((socket) => socket.pipe(socket));

describe("both directions", () => {
  test("the target notices nothing before the first byte, and nothing of a client that says none", async () => {
    const server = await echo();
    const { session } = reach(server.port);
    const silent = session.connect();
    const first = session.connect();
    first.end("hello");
    expect(String(await heard(first))).toBe("hello");
    silent.end();
    expect(String(await heard(silent))).toBe("");
    expect(server.sockets).toHaveLength(1);
    await soon(() => session.size === 0);
  });

  test("the answer that comes after the question's end arrives whole", async () => {
    const server = await serve((socket) => {
      let said = "";
      socket.on("data", (data) => {
        said += String(data);
      });
      socket.on("end", () => setTimeout(() => socket.end(`you said ${said}`), 50));
    });
    const connection = reach(server.port).session.connect();
    connection.end("hello");
    expect(String(await heard(connection))).toBe("you said hello");
  });

  test("a target that has said all still hears what the client says", async () => {
    const server = await serve((socket) => socket.once("data", () => socket.end("that is all")));
    const { session } = reach(server.port);
    const connection = session.connect();
    connection.write("hello");
    expect(String(await heard(connection))).toBe("that is all");
    const rest: Buffer[] = [];
    server.sockets[0]?.on("data", (data) => rest.push(data));
    connection.end("one thing more");
    await soon(() => server.sockets[0]?.readableEnded === true);
    expect(String(Buffer.concat(rest))).toBe("one thing more");
    await soon(() => session.size === 0);
  });

  test("parts of any size, on many connections at once, arrive byte for byte", async () => {
    const { port } = await echo();
    const { session } = reach(port);
    const there = Array.from({ length: 8 }, async () => {
      const connection = session.connect();
      const back = heard(connection);
      const sent = randomBytes(3_000_000);
      for (let at = 0; at < sent.length; ) {
        const size = randomInt(1, randomInt(1, 300_000) + 1);
        if (!connection.write(sent.subarray(at, at + size)))
          await new Promise((resolve) => connection.once("drain", resolve));
        at += size;
      }
      connection.end();
      expect(sha256(await back)).toBe(sha256(sent));
    });
    await Promise.all(there);
  });

  test("300 at once", async () => {
    const { port } = await echo();
    const { session } = reach(port);
    const back = Array.from({ length: 300 }, async (_, at) => {
      const connection = session.connect();
      connection.end(`number ${at}`);
      return String(await heard(connection));
    });
    expect(await Promise.all(back)).toEqual(Array.from({ length: 300 }, (_, at) => `number ${at}`));
  });

  test("a name is looked up", async () => {
    const { port } = await echo();
    const { session } = reach(port, "localhost");
    for (const word of ["one", "two"]) {
      const connection = session.connect();
      connection.end(word);
      expect(String(await heard(connection))).toBe(word);
    }
  });
});

describe("an end is told apart from a break", () => {
  test("a target that resets: what it had said arrives, then the break, with words", async () => {
    const server = await serve((socket) =>
      socket.once("data", () => socket.write("half", () => setTimeout(() => socket.resetAndDestroy(), 100))),
    );
    const connection = reach(server.port).session.connect();
    connection.write("hello");
    // Read by a client that comes to it when all is over.
    await soon(() => server.sockets[0]?.destroyed === true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await expect(heard(connection)).rejects.toThrow(/^127\.0\.0\.1:\d+: read: .*reset by peer after “half”$/);
  });

  test("a client that drops its connection resets the target", async () => {
    const server = await serve((socket) => socket.write("hello"));
    const connection = reach(server.port).session.connect();
    connection.write("x");
    await new Promise((resolve) => connection.once("data", resolve));
    const failed = new Promise((resolve) => server.sockets[0]?.once("error", resolve));
    connection.destroy();
    expect(String(await failed)).toContain("ECONNRESET");
  });

  test("a target that refuses, or whose name is not known, breaks that connection alone", async () => {
    const server = await echo();
    const far = reach(server.port);
    const open = far.session.connect();
    open.write("x");
    await new Promise((resolve) => open.once("data", resolve));
    const closed = server.close();
    const refused = far.session.connect();
    refused.write("x");
    await expect(heard(refused)).rejects.toThrow(/^127\.0\.0\.1:\d+: Connection refused/);
    const back = heard(open);
    open.end("still here");
    expect(String(await back)).toBe("still here");
    await closed;
    expect(far.ends).toEqual([]);
    const unknown = reach(server.port, "x".repeat(300)).session.connect();
    unknown.write("x");
    await expect(heard(unknown)).rejects.toThrow(/^x+:\d+: .*(not known|failed|failure|No such|long)/i);
  });

  test("a target that does not answer holds up nobody, and is given up", async () => {
    const { port, fill } = await serverOfOne();
    const far = reach(port);
    const taken = far.session.connect();
    taken.write("x");
    await new Promise((resolve) => taken.once("data", resolve));
    await fill();
    const waits = far.session.connect();
    waits.write("x");
    const given = expect(heard(waits)).rejects.toThrow("no answer in 1 s");
    for (let turn = 0; turn < 5; turn++) {
      taken.write("y");
      await new Promise((resolve) => taken.once("data", resolve));
    }
    await given;
  });

  test("a program that is killed breaks all its connections, and says so once", async () => {
    const { port } = await echo();
    const far = reach(port);
    const connections = [far.session.connect(), far.session.connect()];
    for (const connection of connections) {
      connection.write("x");
      await new Promise((resolve) => connection.once("data", resolve));
    }
    const broken = connections.map(heard);
    far.child.kill("SIGKILL");
    for (const one of broken) await expect(one).rejects.toThrow("cut");
    expect(far.ends).toHaveLength(1);
    expect(() => far.session.connect()).toThrow();
  });

  test("the program goes when we have gone, and resets what was not complete", async () => {
    const server = await echo();
    const far = reach(server.port);
    const connection = far.session.connect();
    connection.write("x");
    await soon(() => server.sockets.length === 1);
    const reset = new Promise((resolve) => server.sockets[0]?.once("error", resolve));
    const gone = new Promise((resolve) => far.child.once("exit", resolve));
    far.session.close();
    expect(await gone).toBe(0);
    expect(String(await reset)).toContain("ECONNRESET");
  });
});

describe("a slow side", () => {
  test("a client that does not read holds up nobody else, and is sent no more than its window", async () => {
    const flood = Buffer.alloc(20_000_000);
    const server = await serve((socket) =>
      socket.once("data", (word) => {
        if (String(word) === "flood") socket.end(flood);
        else socket.end(word);
      }),
    );
    const { session } = reach(server.port);
    const slow = session.connect();
    slow.write("flood");
    await soon(() => slow.bytesWaiting >= windows.first);
    for (let turn = 0; turn < 20; turn++) {
      const quick = session.connect();
      quick.write("quick");
      expect(String(await heard(quick))).toBe("quick");
    }
    expect(slow.bytesWaiting).toBe(windows.first);
    expect((await heard(slow)).length).toBe(flood.length);
  });

  test("targets that do not read hold up nobody else, and cost the program their windows at most", async () => {
    const server = await serve((socket) =>
      socket.once("data", (word) => {
        if (String(word).startsWith("stop")) socket.pause();
        else socket.end(word);
      }),
    );
    const { session, child } = reach(server.port);
    const stopped = Array.from({ length: 30 }, () => {
      const connection = session.connect();
      connection.write("stop");
      return connection;
    });
    await soon(() => server.sockets.length === 30);
    for (const connection of stopped)
      for (let count = 0; count < 20; count++) connection.write(Buffer.alloc(1_000_000));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const quick = session.connect();
    quick.write("quick");
    expect(String(await heard(quick))).toBe("quick");
    const mebibytes = (30 * windows.first + windows.spare) / 1024 / 1024;
    const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
    expect(Number(resident) / 1024).toBeLessThan(20 + mebibytes);
    for (const connection of stopped) connection.destroy();
  });

  test("the program answers who asks whether it is there", async () => {
    const child = startProgram((await echo()).port);
    const ping = Buffer.concat(encode({ id: 0, what: "ping" }));
    child.stdin.write(ping);
    expect(await new Promise((resolve) => child.stdout.once("data", resolve))).toEqual(ping);
  });

  test("without credit the program sends no more than the first window", async () => {
    const server = await serve((socket) => socket.end(Buffer.alloc(10 * windows.first)));
    const child = startProgram(server.port);
    const reader = new FrameReader();
    let came = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      for (const frame of reader.read(chunk)) if (frame.what === "data") came += frame.bytes.length;
    });
    const say = (...frames: Parameters<typeof encode>[0][]) =>
      child.stdin.write(Buffer.concat(frames.flatMap(encode)));
    say({ id: 1, what: "open" }, { id: 1, what: "data", bytes: Buffer.from("x") });
    await soon(() => came >= windows.first);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(came).toBe(windows.first);
    say({ id: 1, what: "credit", bytes: 1000 });
    await soon(() => came > windows.first);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(came).toBe(windows.first + 1000);
  });
});

/** An echo that takes one connection. Filled, it leaves others without an answer: the kernel has no room for them. */
async function serverOfOne(): Promise<{ port: number; fill: () => Promise<void> }> {
  const program = `use strict; use IO::Socket::INET; $| = 1;
    my $l = IO::Socket::INET->new(LocalAddr => '127.0.0.1:0', Listen => 1) or die $!; print $l->sockport, "\\n";
    my $c = $l->accept; while (sysread($c, my $b, 65536)) { syswrite($c, $b) }`;
  const child = spawn("perl", ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const port = Number(await new Promise((resolve) => child.stdout.once("data", resolve)));
  const connected = () => {
    const socket = connect({ host: "127.0.0.1", port });
    onTestFinished(() => {
      socket.destroy();
    });
    return new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.on("error", () => resolve(false));
      setTimeout(() => resolve(false), 200);
    });
  };
  return {
    port,
    async fill() {
      while (await connected());
    },
  };
}

import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Carrier } from "../../../src/docker/exec-stream.ts";
import { Sessions } from "../../../src/tunnel/sessions.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Started {
  readonly carrier: Carrier & { readonly output: PassThrough };
  destroyed: boolean;
}

/** Streams that are asked for, and what becomes of them, in the test's hands. */
function inHand() {
  const started: Started[] = [];
  const lines: string[] = [];
  let away: Error | undefined;
  const start = () => {
    if (away !== undefined) return Promise.reject(away);
    const one: Started = {
      carrier: {
        input: new PassThrough(),
        output: new PassThrough(),
        destroy: () => {
          one.destroyed = true;
        },
      },
      destroyed: false,
    };
    started.push(one);
    return Promise.resolve(one.carrier);
  };
  const sessions = new Sessions(start, (line) => lines.push(line));
  return {
    sessions,
    started,
    lines,
    away: (error: Error | undefined) => {
      away = error;
    },
  };
}

/** Lets go what has only to be let go. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("one stream is opened ahead, and carries connection after connection", async () => {
  const { sessions, started } = inHand();
  expect(started).toHaveLength(1);
  const ids = [];
  for (let count = 0; count < 50; count++) ids.push((await sessions.connect()).id);
  expect(new Set(ids).size).toBe(50);
  expect(started).toHaveLength(1);
});

test("more than one takes are carried by another, which all who need it share, and which goes when it is idle", async () => {
  const { sessions, started } = inHand();
  const connections = await Promise.all(Array.from({ length: 500 }, () => sessions.connect()));
  expect(started).toHaveLength(2);
  for (const connection of connections.slice(400)) connection.destroy();
  await settled();
  expect(started.map(({ destroyed }) => destroyed)).toEqual([false, true]);
  await sessions.connect().catch(() => {});
  expect(started).toHaveLength(3);
});

test("a stream that ends breaks its connections; the next one starts another at once", async () => {
  const { sessions, started, lines } = inHand();
  const connection = await sessions.connect();
  const broken = new Promise<Error>((resolve) => connection.once("error", resolve));
  started[0]?.carrier.output.end();
  expect((await broken).message).toContain("cut");
  expect(lines).toEqual(["the stream through the daemon was cut"]);
  await sessions.connect();
  expect(started).toHaveLength(2);
});

test("a stream that ended, or could not be had, is had anew before anybody asks", async () => {
  const { started, away } = inHand();
  await settled();
  away(new Error("the daemon is away"));
  started[0]?.carrier.output.end();
  await settled();
  await vi.advanceTimersByTimeAsync(3000);
  expect(started).toHaveLength(1);
  away(undefined);
  await vi.advanceTimersByTimeAsync(1000);
  expect(started).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(5000);
  expect(started).toHaveLength(2);
});

test("where the other side is away, who asks is told so", async () => {
  const { sessions, started, away } = inHand();
  await settled();
  away(new Error("the daemon is away"));
  started[0]?.carrier.output.destroy(new Error("read ECONNRESET"));
  await settled();
  await expect(sessions.connect()).rejects.toThrow("the daemon is away");
});

import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { encode, type Frame, FrameReader } from "../../../src/tunnel/frames.ts";
import { Session } from "../../../src/tunnel/session.ts";
import { windows } from "../../../src/tunnel/windows.ts";

// What a session says to its far end, which is in the test's hands.

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function inHand(ended: (why: string) => void = () => {}) {
  const input = new PassThrough({ highWaterMark: 2 ** 30 });
  const output = new PassThrough();
  const session = new Session({ input, output, destroy: () => {} }, { ended, idle: () => {} });
  const said: Frame[] = [];
  const reader = new FrameReader();
  const say = (frame: Frame) => output.write(Buffer.concat(encode(frame)));
  const far = { answers: true };
  input.on("data", (chunk: Buffer) => {
    const frames = [...reader.read(chunk)];
    said.push(...frames);
    for (const frame of frames) if (frame.what === "ping" && far.answers) say(frame);
  });
  return { session, said, say, far };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const bytesOf = (said: readonly Frame[], id: number) =>
  said.reduce((sum, frame) => sum + (frame.what === "data" && frame.id === id ? frame.bytes.length : 0), 0);

test("opens with its first bytes, sends no more than it may, and goes on with each credit", async () => {
  const { session, said, say } = inHand();
  const connection = session.connect();
  await settled();
  expect(said).toEqual([]);
  connection.write(Buffer.alloc(windows.first + 1000));
  await settled();
  expect(said[0]).toEqual({ id: 1, what: "open" });
  expect(bytesOf(said, 1)).toBe(windows.first);
  say({ id: 1, what: "credit", bytes: 600 });
  await settled();
  expect(bytesOf(said, 1)).toBe(windows.first + 600);
  connection.end();
  say({ id: 1, what: "credit", bytes: 600 });
  await settled();
  expect(bytesOf(said, 1)).toBe(windows.first + 1000);
  expect(said.at(-1)).toEqual({ id: 1, what: "end" });
});

test("grants credit for what was read, and for nothing else", async () => {
  const { session, said, say } = inHand();
  const connection = session.connect();
  connection.write("x");
  say({ id: 1, what: "data", bytes: Buffer.alloc(windows.first) });
  await settled();
  expect(said.filter(({ what }) => what === "credit")).toEqual([]);
  connection.resume();
  await settled();
  const granted = said.reduce((sum, frame) => sum + (frame.what === "credit" ? frame.bytes : 0), 0);
  expect(granted).toBeGreaterThanOrEqual(windows.first);
});

test("a stream that is full is shared in turn", async () => {
  const input = new PassThrough({ highWaterMark: 1000 });
  const session = new Session(
    { input, output: new PassThrough(), destroy: () => {} },
    { ended: () => {}, idle: () => {} },
  );
  const connections = [session.connect(), session.connect(), session.connect()];
  for (const connection of connections) connection.write(Buffer.alloc(200_000));
  const reader = new FrameReader();
  const order: number[] = [];
  input.on("data", (chunk: Buffer) => {
    for (const frame of reader.read(chunk))
      if (frame.what === "data" && order.at(-1) !== frame.id) order.push(frame.id);
  });
  while (order.length < 9) await settled();
  expect(order.slice(0, 9)).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3]);
});

test("a stream that is silent while there are connections is asked, and given up when it does not answer", async () => {
  const ends: string[] = [];
  const { session, said, far } = inHand((why) => ends.push(why));
  await vi.advanceTimersByTimeAsync(120_000);
  expect(said).toEqual([]);
  const connection = session.connect();
  const failed = new Promise<Error>((resolve) => connection.once("error", resolve));
  for (let turn = 0; turn < 20; turn++) {
    await vi.advanceTimersByTimeAsync(15_000);
    await settled();
  }
  expect(said.length).toBeGreaterThanOrEqual(10);
  expect(ends).toEqual([]);
  far.answers = false;
  await vi.advanceTimersByTimeAsync(45_000);
  expect(ends).toEqual(["the far end has not answered for 15 s"]);
  expect(await failed).toMatchObject({ message: ends[0] });
});

test("a target that stays silent after the client's end is left after half a minute", async () => {
  const { session, said } = inHand();
  const connection = session.connect();
  const failed = new Promise<Error>((resolve) => connection.once("error", resolve));
  connection.resume();
  connection.end("question");
  await settled();
  await vi.advanceTimersByTimeAsync(16_000);
  await settled();
  await vi.advanceTimersByTimeAsync(13_000);
  expect(session.size).toBe(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect((await failed).message).toContain("silent for 30 s");
  await settled();
  expect(said.at(-1)).toMatchObject({ what: "reset" });
});

test("one whose client is slow to read is not silent", async () => {
  const { session, say } = inHand();
  const connection = session.connect();
  connection.end("question");
  await settled();
  say({ id: 1, what: "data", bytes: Buffer.from("answer") });
  await settled();
  for (let turn = 0; turn < 8; turn++) {
    await vi.advanceTimersByTimeAsync(15_000);
    await settled();
  }
  expect(session.size).toBe(1);
  const text = new Promise((resolve) => connection.once("data", resolve));
  say({ id: 1, what: "end" });
  expect(String(await text)).toBe("answer");
});

test("what comes for a connection that was dropped is for nobody", async () => {
  const { session, said, say } = inHand();
  const connection = session.connect();
  connection.write("x");
  connection.destroy();
  await settled();
  expect(said.at(-1)).toEqual({ id: 1, what: "reset", why: "dropped" });
  for (const what of ["data", "end"] as const) say({ id: 1, what, bytes: Buffer.from("late") });
  say({ id: 1, what: "reset", why: "late" });
  const other = session.connect();
  other.write("y");
  say({ id: 2, what: "data", bytes: Buffer.from("mine") });
  expect(String(await new Promise((resolve) => other.once("data", resolve)))).toBe("mine");
});

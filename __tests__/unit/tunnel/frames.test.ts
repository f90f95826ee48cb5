import fc from "fast-check";
import { expect, test } from "vitest";
import { encode, type Frame, FrameReader } from "../../../src/tunnel/frames.ts";

const number = fc.nat(0xffff_ffff);
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ id: number, what: fc.constant("open" as const) }),
  fc.record({ id: number, what: fc.constant("end" as const) }),
  fc.record({ id: number, what: fc.constant("ping" as const) }),
  fc.record({
    id: number,
    what: fc.constant("reset" as const),
    why: fc.string({ unit: "grapheme", maxLength: 40 }),
  }),
  fc.record({ id: number, what: fc.constant("credit" as const), bytes: number }),
  fc.record({
    id: number,
    what: fc.constant("data" as const),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  }),
);

/** Data that follows data of the same connection is one: where it was cut means nothing. */
function joined(frames: readonly Frame[]): Frame[] {
  const whole: Frame[] = [];
  for (const one of frames) {
    const last = whole.at(-1);
    if (one.what === "data" && last?.what === "data" && last.id === one.id)
      whole[whole.length - 1] = { ...last, bytes: Buffer.concat([last.bytes, one.bytes]) };
    else whole.push(one);
  }
  return whole;
}

test("what was written is read, wherever the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(frame),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (frames, cuts) => {
        const stream = Buffer.concat(frames.flatMap(encode));
        const reader = new FrameReader();
        const read: Frame[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1;
          read.push(...reader.read(stream.subarray(at, at + size)));
          at += size;
        }
        expect(joined(read)).toEqual(joined(frames));
      },
    ),
  );
});

test("a frame is read as soon as its last byte is there, and data before that", () => {
  const reader = new FrameReader();
  const [head = Buffer.alloc(0)] = encode({ id: 1, what: "end" });
  expect(reader.read(head.subarray(0, 8))).toEqual([]);
  expect(reader.read(head.subarray(8))).toEqual([{ id: 1, what: "end" }]);
  const data = Buffer.concat(encode({ id: 2, what: "data", bytes: Buffer.from("hello") }));
  expect(reader.read(data.subarray(0, 11))).toEqual([{ id: 2, what: "data", bytes: Buffer.from("he") }]);
  expect(reader.read(data.subarray(11))).toEqual([{ id: 2, what: "data", bytes: Buffer.from("llo") }]);
});

test.each([
  ["the words of a runtime that could not start the program", "OCI runtime exec failed: no such file"],
  ["words that are too many", "\0\0\0\x01\x04\x7f\0\0\0"],
])("%s are no frame, and are told", (_, text) => {
  expect(() => new FrameReader().read(Buffer.from(text, "latin1"))).toThrow(text.slice(0, 5));
});

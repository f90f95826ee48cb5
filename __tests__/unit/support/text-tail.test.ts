import { expect, test } from "vitest";
import { TextTail } from "../../../src/support/text-tail.ts";

/** What is left of these parts. */
const tailOf = (limit: number, ...parts: string[]) => {
  const tail = new TextTail(limit);
  for (const part of parts) tail.add(part);
  return `${tail}`;
};

test.each<[string, number, string[], string]>([
  ["nothing", 4, [], ""],
  ["what fits", 4, ["ab", "cd"], "abcd"],
  ["the end of what is longer, and a mark", 4, ["abcd", "e"], "[…]bcde"],
  ["the end of one long part", 4, ["abcdefghijkl"], "[…]ijkl"],
  ["the end over many parts", 4, [..."abcdefghijklmnop"], "[…]mnop"],
])("keeps %s", (_, limit, parts, text) => {
  expect(tailOf(limit, ...parts)).toBe(text);
});

test("is the same when it is looked at meanwhile", () => {
  const tail = new TextTail(4);
  for (const letter of "abcdefghij") {
    tail.add(letter);
    `${tail}`;
  }
  expect(`${tail}`).toBe("[…]ghij");
});

import { expect, test } from "vitest";
import { retryAfterOf } from "../../../src/support/exchange.ts";

test.each([
  [undefined, undefined],
  ["7", 7000],
  ["0", 0],
  ["Thu, 01 Jan 1970 00:00:20 GMT", 10_000],
  ["Thu, 01 Jan 1970 00:00:01 GMT", 0],
  ["soon", undefined],
])("Retry-After %j at 10 s is %j ms", (value, expected) => {
  const answer = { headers: () => (value === undefined ? [] : [value]) };
  expect(retryAfterOf(answer, 10_000)).toBe(expected);
});

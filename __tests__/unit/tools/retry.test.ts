import { describe, expect, test } from "vitest";
import { ProxyRefusal } from "../../../src/support/exchange.ts";
import { causeOf, FinalError, pauseAfter, RefusedError } from "../../../src/tools/retry.ts";

const url = new URL("https://github.com/x");
const refused = (status: number, retryAfter?: number) => new RefusedError(url, status, { retryAfter });
const proxyRefusal = (status: number) =>
  new ProxyRefusal(new URL("http://proxy:3128"), "github.com:443", status);
const coded = (code: string) => Object.assign(new Error(code), { code });

describe("what is worth another try", () => {
  test.each([
    ["connection refused", coded("ECONNREFUSED"), true],
    ["connection reset", coded("ECONNRESET"), true],
    ["name not found", coded("ENOTFOUND"), true],
    ["an error without a code", new Error("terminated"), true],
    ["408", refused(408), true],
    ["429", refused(429), true],
    ["500", refused(500), true],
    ["503", refused(503), true],
    ["429 that asks for 30 s", refused(429, 30_000), true],
    ["429 that asks for more", refused(429, 30_001), false],
    ["404", refused(404), false],
    ["403", refused(403), false],
    ["an unknown authority", coded("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), false],
    ["a self-signed certificate", coded("SELF_SIGNED_CERT_IN_CHAIN"), false],
    ["an expired certificate", coded("CERT_HAS_EXPIRED"), false],
    ["a full disk", coded("ENOSPC"), false],
    ["a proxy that wants other credentials", proxyRefusal(407), false],
    ["a proxy that is busy", proxyRefusal(503), true],
    ["a refusal of ours", new FinalError("too long"), false],
  ])("%s: %s", (_title, error, worth) => {
    expect(pauseAfter(error, 1) !== undefined).toBe(worth);
  });
});

test.each([
  [1, 0, 1000],
  [2, 0, 2000],
  [3, 0, 4000],
  [1, 1, 500],
  [3, 1, 2000],
])("the pause after try %i with chance %f is %i ms", (turn, random, pause) => {
  expect(pauseAfter(new Error("reset"), turn, random)).toBe(pause);
});

test("a server's own pause wins", () => {
  expect(pauseAfter(refused(503, 7000), 3)).toBe(7000);
});

test("several addresses that failed are all named", () => {
  const error = new AggregateError([new Error("connect ::1"), new Error("connect 127.0.0.1")]);
  expect(causeOf(error)).toBe("connect ::1, connect 127.0.0.1");
});

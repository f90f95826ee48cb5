import { describe, expect, test } from "vitest";
import {
  ConflictError,
  codeOf,
  DownloadError,
  EnvironmentError,
  messageOf,
  ReportedError,
  StoppedError,
  TimeoutError,
  UsageError,
} from "../../../src/support/errors.ts";

const account = { tried: "create the cluster", seen: "exit code 1", todo: "mend it" };

test.each([EnvironmentError, ConflictError, DownloadError, TimeoutError])(
  "%o says what was tried, seen and to do, and who it is",
  (Kind) => {
    const cause = new Error("why");
    const error = new Kind(account, { cause, evidence: [{ title: "log", text: "line" }] });
    expect(error.message).toBe("Could not create the cluster.\n  Seen: exit code 1\n  To do: mend it");
    expect(error).toBeInstanceOf(ReportedError);
    expect(error.name).toBe(Kind.name);
    expect(error.cause).toBe(cause);
    expect(error.evidence).toEqual([{ title: "log", text: "line" }]);
    expect(new Kind(account).evidence).toEqual([]);
  },
);

test("wrong inputs are told all at once, each with what was given and what is allowed", () => {
  const wait = { input: "wait", given: '"soon"', allowed: "a duration such as 90s" };
  const name = { input: "cluster-name", given: '"A"', allowed: "[a-z0-9]" };
  expect(new UsageError([wait]).message).toBe(
    'One input is wrong; nothing was touched.\n  wait: given "soon"; allowed: a duration such as 90s',
  );
  expect(new UsageError([wait, name]).message).toBe(
    '2 inputs are wrong; nothing was touched.\n  wait: given "soon"; allowed: a duration such as 90s\n' +
      '  cluster-name: given "A"; allowed: [a-z0-9]',
  );
});

describe("of anything that was thrown", () => {
  test.each([
    [new Error("it broke"), "it broke"],
    [new StoppedError("enough"), "enough"],
    ["words", "words"],
    [undefined, "undefined"],
    [{ toString: (): string => "an object" }, "an object"],
  ])("%s has the message “%s”", (thrown, message) => {
    expect(messageOf(thrown)).toBe(message);
  });

  test.each([
    [Object.assign(new Error("x"), { code: "ENOENT" }), "ENOENT"],
    [{ code: 7 }, undefined],
    [new Error("x"), undefined],
    [null, undefined],
    ["ENOENT", undefined],
  ])("%s has the code %s", (thrown, code) => {
    expect(codeOf(thrown)).toBe(code);
  });
});

import { describe, expect, test } from "vitest";
import {
  begunEntries,
  type Kept,
  keptEntry,
  readKept,
  readMain,
  readState,
  stateEntries,
} from "../../../src/steps/state.ts";

/** What the runner hands to post: each value by its name, and nothing for other names. */
const runner = (entries: readonly [string, string][]) => (name: string) => new Map(entries).get(name) ?? "";

describe("the state", () => {
  const state = { ledger: "/temp/kind-ci/abc/ledger.json", owner: "abc", cluster: "kind", cleanup: true };

  test.each([true, false])("comes back as it was saved, with cleanup: %s", (cleanup) => {
    expect(readState(runner(stateEntries({ ...state, cleanup })))).toEqual({ ...state, cleanup });
  });

  test("with a main that only began, says that nothing was made", () => {
    expect(readState(runner(begunEntries("abc", { pid: 1, startTime: "2" })))).toBe("nothing-made");
  });

  test("with both, says what was made: main saves the one after the other", () => {
    expect(readState(runner([...begunEntries("abc", undefined), ...stateEntries(state)]))).toEqual(state);
  });

  test.each<[string, readonly [string, string][]]>([
    ["there is none at all", []],
    ["its cleanup is neither true nor false", [...stateEntries(state), ["cleanup", "perhaps"]]],
    ["its ledger is missing", [...stateEntries(state), ["ledger", ""]]],
    ["its owner is missing", [...stateEntries(state), ["owner", ""]]],
  ])("is lost where %s: then something may have been made", (_, entries) => {
    expect(readState(runner(entries))).toBeUndefined();
  });
});

describe("what is kept for later jobs", () => {
  const kept: Kept = {
    tools: [{ name: "kind", version: "v0.33.0", path: "/x/kind", source: "download", ms: 12.5 }],
    image: { reference: "kindest/node:v1.34.4@sha256:aa", digest: "sha256:aa" },
  };

  test.each([[kept], [{ ...kept, image: { reference: "own/node", digest: undefined } }]])(
    "comes back as it was saved: %j",
    (what) => {
      expect(readKept(runner([keptEntry(what)]))).toEqual(what);
    },
  );

  test.each<[string, readonly [string, string][]]>([
    ["main did not come to its end", begunEntries("abc", undefined)],
    ["it is no JSON", [["kept", "{"]]],
    ["it is something else", [["kept", '{"tools": "none"}']]],
  ])("is nothing when %s", (_, entries) => {
    expect(readKept(runner(entries))).toBeUndefined();
  });
});

test("which process main is, where it can be told for sure", () => {
  const main = { pid: 1, startTime: "2" };
  expect(readMain(runner(begunEntries("abc", main)))).toEqual(main);
  expect(readMain(runner(begunEntries("abc", undefined)))).toBeUndefined();
  expect(readMain(runner([["main", "{"]]))).toBeUndefined();
});

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { actionsLogger } from "../../../src/report/actions-logger.ts";

let written = "";
beforeEach(() => {
  written = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    written += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

/**
 * How the runner finds a command in a line: .NET's TrimStart takes more for blank than JavaScript's, and its
 * comparison passes over characters that have no look.
 * https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
const isCommand = (line: string) => {
  const seen = line.replace(/[\p{Cf}\p{Cc}]/gu, "");
  return seen.trimStart().startsWith("::") || seen.includes("##[");
};

test.each([
  "::error::injected",
  "  ::add-mask::x",
  "\t::set-output name=a::b",
  "first\n::stop-commands::token",
  "##[error]injected",
  "text ##[group]x",
  "progress\r::error::after a carriage return",
  "\u0085::error::after a blank of .NET's",
  "\u200b \u00ad::error::after what has no look",
  "\u00a0\u3000::error::after wide blanks",
  ":\u00ad:error::with something between",
  "#\u200b#\u00ad[error]with something between",
])("what other programs say is no command: %j", (text) => {
  const logger = actionsLogger();
  logger.info(text);
  logger.folded("title", text);
  const lines = written.split(/[\n\r]/).filter((line) => !/^::(end)?group::/.test(line));
  expect(lines.filter(isCommand)).toEqual([]);
  expect(written).toContain("title");
});

test("words with colons stay as they are", () => {
  actionsLogger().info("kind: Ensuring node image ::1 at [::1]:5000 # see #[1]");
  expect(written).toBe("kind: Ensuring node image ::1 at [::1]:5000 # see #[1]\n");
});

test("ours are commands, with line ends escaped", () => {
  actionsLogger().warning("a\nb");
  expect(written).toContain("::warning::a%0Ab");
});

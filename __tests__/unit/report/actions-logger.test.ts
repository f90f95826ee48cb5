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

/** How the runner finds a command in a line. https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs */
const isCommand = (line: string) => line.trimStart().startsWith("::") || line.includes("##[");

test.each([
  "::error::injected",
  "  ::add-mask::x",
  "\t::set-output name=a::b",
  "first\n::stop-commands::token",
  "##[error]injected",
  "text ##[group]x",
])("what other programs say is no command: %j", (text) => {
  const logger = actionsLogger();
  logger.info(text);
  logger.folded("title", text);
  const lines = written.split("\n").filter((line) => !/^::(end)?group::/.test(line));
  expect(lines.filter(isCommand)).toEqual([]);
  expect(written).toContain("title");
});

test("ours are commands, with line ends escaped", () => {
  actionsLogger().warning("a\nb");
  expect(written).toContain("::warning::a%0Ab");
});

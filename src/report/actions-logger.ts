import * as core from "@actions/core";
import type { Logger } from "../support/logger.ts";

/** The logger under a runner: workflow commands for what is ours, and no command in what is not. */
export function actionsLogger(): Logger {
  const info = (text: string) => core.info(withoutCommands(text));
  return {
    info,
    debug: (text) => core.debug(text),
    notice: (text) => core.notice(text),
    warning: (text) => core.warning(text),
    error: (text) => core.error(text),
    group: (title, body) => core.group(withoutCommands(title), body),
    folded(title, text) {
      core.startGroup(withoutCommands(title));
      info(text);
      core.endGroup();
    },
    mask: (secret) => core.setSecret(secret),
    debugging: core.isDebug(),
  };
}

/**
 * The runner takes `::command::` at the beginning of a line, blanks before it included, and the older
 * `##[command]` anywhere, on stdout and stderr alike. Output of other programs must not be able to speak to it.
 * A carriage return ends a line too, U+0085 is a blank, and characters without a look are passed over: the runner
 * reads and compares as .NET does. https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
function withoutCommands(text: string): string {
  return text.replace(/[^\r\n]+/g, (line) =>
    line
      .replace(/#[\p{Cf}\p{Cc}]*#[\p{Cf}\p{Cc}]*\[/gu, "## [")
      .replace(/^([\s\p{Cf}\p{Cc}]*):([\p{Cf}\p{Cc}]*):/u, "$1: $2:"),
  );
}

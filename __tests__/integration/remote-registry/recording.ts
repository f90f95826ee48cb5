import type { Logger } from "../../../src/support/logger.ts";

/** A logger that keeps all it is told: lines for the reader, and what is to be masked. */
export function recordingLogger(): Logger & { readonly lines: string[]; readonly masked: string[] } {
  const lines: string[] = [];
  const masked: string[] = [];
  const say = (text: string) => void lines.push(text);
  return {
    lines,
    masked,
    info: say,
    debug: say,
    notice: say,
    warning: say,
    error: say,
    group: (title, body) => {
      say(title);
      return body();
    },
    folded: (title, text) => say(`${title}\n${text}`),
    mask: (secret) => void masked.push(secret),
    debugging: true,
  };
}

import { type Evidence, ReportedError, StoppedError, UsageError } from "../support/errors.ts";
import type { Logger } from "../support/logger.ts";
import { digestOf } from "./evidence.ts";

/** What the reader is shown of a failure: the account, the likeliest lines, then the evidence, folded. */
export function reportFailure(error: unknown, scene: readonly Evidence[], logger: Logger): string {
  const evidence = [...(error instanceof ReportedError ? error.evidence : []), ...scene];
  for (const { title, text } of evidence) logger.folded(title, text);
  const digest = error instanceof ReportedError ? digestOf(evidence, error.message) : [];
  return [headOf(error), ...digest.map((line) => `  ${line}`)].join("\n");
}

function headOf(error: unknown): string {
  if (error instanceof ReportedError || error instanceof UsageError || error instanceof StoppedError)
    return error.message;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `A defect of this action, please report it: https://github.com/org/kind-ci-action/issues\n${text}`;
}

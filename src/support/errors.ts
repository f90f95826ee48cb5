/**
 * What a failure says to its reader: what was tried, what was seen, what to do next. The class tells whose
 * move it is: the user's (`UsageError`), the machine's (`EnvironmentError`), another program's
 * (`CommandError`, `DownloadError`, `TimeoutError`). Any other error is a defect of ours.
 */
export interface Account {
  /** What we were doing, as a clause: "create the kind cluster “ci”". */
  readonly tried: string;
  /** What came back, as the reader would see it. */
  readonly seen: string;
  /** The next step for the reader, a sentence or a command. */
  readonly todo: string;
}

export interface Evidence {
  /** Heading of a folded part of the log. */
  readonly title: string;
  readonly text: string;
}

interface ReportedErrorOptions {
  readonly cause?: unknown;
  readonly evidence?: readonly Evidence[];
}

/** An error with a full account. Never thrown itself: one of its classes is. */
export abstract class ReportedError extends Error {
  readonly account: Account;
  /** Longer texts shown folded under the message. */
  readonly evidence: readonly Evidence[];

  constructor(account: Account, options: ReportedErrorOptions = {}) {
    super(`Could not ${account.tried}.\n  Seen: ${account.seen}\n  To do: ${account.todo}`, {
      cause: options.cause,
    });
    this.name = new.target.name;
    this.account = account;
    this.evidence = options.evidence ?? [];
  }
}

/** One thing wrong with what was asked. */
export interface Problem {
  /** The input's (or flag's) name, or the names when a pair is at fault. */
  readonly input: string;
  readonly given: string;
  readonly allowed: string;
}

/** What was asked cannot be done; nothing was touched. All problems at once. */
export class UsageError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(usageMessage(problems));
    this.name = "UsageError";
    this.problems = problems;
  }
}

function usageMessage(problems: readonly Problem[]): string {
  const lines = problems.map(
    ({ input, given, allowed }) => `  ${input}: given ${given}; allowed: ${allowed}`,
  );
  const head = problems.length === 1 ? "One input is wrong" : `${problems.length} inputs are wrong`;
  return [`${head}; nothing was touched.`, ...lines].join("\n");
}

/** The machine lacks something or holds something that is in the way. */
export class EnvironmentError extends ReportedError {}

/** Something of that name is there and is not ours: we never touch it. */
export class ConflictError extends ReportedError {}

/** Something was to be fetched and could not be, or was not what it should have been. */
export class DownloadError extends ReportedError {}

/** A time limit was reached; `seen` holds the last observation. */
export class TimeoutError extends ReportedError {}

/** Down asked us to stop: post of the same job has begun, or a signal came. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system error (`ENOENT`, `EADDRINUSE`), or undefined. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

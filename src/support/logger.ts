/**
 * Where words for the reader go. The core writes to this and never to stdout: the Actions door turns it into
 * workflow commands (report/actions-logger.ts), others print it.
 */
export interface Logger {
  info(text: string): void;
  /** Shown only when the runner's debug mode is on. */
  debug(text: string): void;
  /** Said once, above the log (an annotation). */
  notice(text: string): void;
  warning(text: string): void;
  error(text: string): void;
  /** A folded part of the log; closed even when `body` throws. */
  group<T>(title: string, body: () => Promise<T>): Promise<T>;
  /** A folded part that is complete already. */
  folded(title: string, text: string): void;
  /** Never print this text again. */
  mask(secret: string): void;
  /** True when debug lines are shown, so that programs we start can be asked for more words. */
  readonly debugging: boolean;
}

/** Says nothing; for parts that must be quiet and for tests. */
export const silentLogger: Logger = {
  info() {},
  debug() {},
  notice() {},
  warning() {},
  error() {},
  group: (_title, body) => body(),
  folded() {},
  mask() {},
  debugging: false,
};

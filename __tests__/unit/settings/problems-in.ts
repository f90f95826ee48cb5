import { type Problem, UsageError } from "../../../src/support/errors.ts";

/** What a UsageError names; nothing when none is thrown. Any other error is passed on. */
export function problemsIn(read: () => unknown): readonly Problem[] {
  try {
    read();
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  return [];
}

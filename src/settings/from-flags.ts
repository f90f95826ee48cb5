import { type Problem, UsageError } from "../support/errors.ts";
import { isBoolean, isInputName, isSecret, optionTable } from "./option-table.ts";
import { parseSettings } from "./parse-settings.ts";
import type { Settings } from "./settings.ts";
import { quoted, Refusal, trueOrFalse } from "./values.ts";

/**
 * The flags of the command, named like the inputs: `--name value` or `--name=value`; a boolean may stand alone.
 * @throws UsageError with everything that is wrong.
 */
export function fromFlags(argv: readonly string[]): { raw: Record<string, string> } {
  const { raw, problems } = readFlags(argv);
  if (problems.length > 0) throw new UsageError(problems);
  return { raw };
}

/**
 * The settings that a command line asks for.
 * @throws UsageError with everything that is wrong, in the flags and in their values.
 */
export function settingsFromFlags(argv: readonly string[]): Settings {
  const { raw, problems } = readFlags(argv);
  try {
    const settings = parseSettings(raw);
    if (problems.length === 0) return settings;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError([...problems, ...error.problems]);
  }
  throw new UsageError(problems);
}

interface Flags {
  readonly raw: Record<string, string>;
  readonly problems: Problem[];
}

function readFlags(argv: readonly string[]): Flags {
  const flags: Flags = { raw: {}, problems: [] };
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word.startsWith("-")) readFlag(word, rest, flags);
    // It may be part of a secret that lacked its quotes.
    else {
      const given = Object.keys(flags.raw).some((name) => isInputName(name) && isSecret(name));
      flags.problems.push({
        input: "arguments",
        given: given ? "(hidden)" : quoted(word),
        allowed: "flags alone: --name value, with quotes around a value with spaces",
      });
    }
  }
  return flags;
}

/** Reads one flag, and takes its value from the words after it. */
function readFlag(word: string, rest: string[], { raw, problems }: Flags): void {
  const [, dashes = "", name = "", text] = /^(--?)([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  if (dashes !== "--" || !isInputName(name)) {
    // Its value goes with it, unseen: it may be a secret's, and the flag's name misspelt.
    if (text === undefined && rest[0]?.startsWith("-") === false) rest.shift();
    problems.push({
      input: `${dashes}${name.slice(0, 40)}`,
      given: "an unknown flag",
      allowed: suggestion(name),
    });
    return;
  }
  const value = text ?? nextValue(name, rest);
  if (value === undefined) {
    problems.push({ input: `--${name}`, given: "no value", allowed: `--${name} value or --${name}=value` });
  } else if (Object.hasOwn(raw, name)) {
    problems.push({ input: `--${name}`, given: "twice", allowed: "each flag once" });
  } else {
    raw[name] = value;
  }
}

function nextValue(name: keyof typeof optionTable, rest: string[]): string | undefined {
  const next = rest[0];
  if (isBoolean(name)) {
    return next === undefined || trueOrFalse(next) instanceof Refusal ? "true" : rest.shift();
  }
  // A secret may begin with dashes, and must not be shown as a flag that is unknown.
  if (next?.startsWith("--") === true && !isSecret(name)) return undefined;
  return rest.shift();
}

function suggestion(name: string): string {
  const close = Object.keys(optionTable)
    .map((known) => ({ known, edits: editDistance(name, known) }))
    .filter(({ known, edits }) => edits <= 2 || (name.length > 3 && known.includes(name)))
    .sort((a, b) => a.edits - b.edits)
    .slice(0, 3)
    .map(({ known }) => `--${known}`);
  return close.length === 0 ? "the flags that --help shows" : `did you mean ${close.join(", ")}?`;
}

/** Characters to insert, delete or replace to get from one word to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** One way in that a registry offers: `Bearer realm="…",service="…"`. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case; of repeated ones the first. */
  readonly parameters: Readonly<Record<string, string>>;
}

const separators = /[\s,]*/y;
const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const equals = /\s*=\s*/y;
const quoted = /"((?:[^"\\]|\\.)*)(?:"|\\?$)/sy;
const unquoted = /[^\s,"]*/y;

/**
 * Reads WWW-Authenticate headers: several challenges in one header or in several, as registries send them (RFC
 * 9110, 11.6.1). What it does not understand it skips: the rest of such a header may still be of use.
 */
export function parseChallenges(headers: readonly string[]): Challenge[] {
  return headers.flatMap(challengesIn);
}

function challengesIn(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let at = 0;
  const take = (form: RegExp): RegExpExecArray | null => {
    form.lastIndex = at;
    const match = form.exec(header);
    if (match !== null) at = form.lastIndex;
    return match;
  };
  while (at < header.length) {
    take(separators);
    const word = take(token)?.[0];
    if (word === undefined) {
      at += 1;
      continue;
    }
    const value =
      take(equals) === null ? undefined : (unescaped(take(quoted)?.[1]) ?? take(unquoted)?.[0] ?? "");
    const last = challenges.at(-1);
    // A word alone begins a challenge; `name=value` belongs to the one before it.
    if (value === undefined) challenges.push({ scheme: word.toLowerCase(), parameters: emptyRecord() });
    else if (last !== undefined) last.parameters[word.toLowerCase()] ??= value;
  }
  return challenges;
}

/** Without a prototype: the registry chooses the names, and `constructor` is none of ours. */
function emptyRecord(): Record<string, string> {
  return Object.create(null) as Record<string, string>;
}

function unescaped(text: string | undefined): string | undefined {
  return text?.replace(/\\(.)/gs, "$1");
}

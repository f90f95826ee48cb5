import * as z from "zod";
import type { HttpAnswer } from "./http.ts";

const errorsForm = z.looseObject({
  errors: z.array(z.looseObject({ code: z.string().optional(), message: z.string().optional() })).min(1),
});

/** The first error code of a registry's answer (`NAME_UNKNOWN`), or undefined where it gives none. */
export function errorCode(answer: HttpAnswer): string | undefined {
  return firstError(answer)?.code;
}

/**
 * An answer as part of a sentence: `403 (DENIED: requested access is denied)`. The words are the registry's:
 * short, on one line, and to be redacted by the caller.
 */
export function answerInWords(answer: HttpAnswer): string {
  const error = firstError(answer);
  const words =
    error === undefined ? plainWords(answer) : [error.code, error.message].filter(Boolean).join(": ");
  return words === "" ? `${answer.status}` : `${answer.status} (${oneLine(words)})`;
}

function firstError(answer: HttpAnswer) {
  try {
    return errorsForm.parse(JSON.parse(answer.text)).errors[0];
  } catch {
    return undefined;
  }
}

/** GitHub's API and some token servers say `message`; a page of HTML says nothing useful. */
function plainWords({ text }: HttpAnswer): string {
  try {
    const { message, error, details } = z.looseObject({}).parse(JSON.parse(text));
    return [message, error, details].find((word) => typeof word === "string") ?? "";
  } catch {
    return /^\s*</.test(text) ? "" : text;
  }
}

function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a registry's words must not move the cursor
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, " ").trim();
  return line.length <= 200 ? line : `${line.slice(0, 200)}…`;
}

/** The URL behind `rel="next"` of a Link header, only where it is on the same server (credentials go there). */
export function nextPage(answer: HttpAnswer, current: URL): URL | undefined {
  for (const link of answer.headers("link").flatMap((header) => header.split(/,(?=\s*<)/))) {
    const match = /^\s*<([^>]*)>\s*;.*\brel="?next"?/i.exec(link);
    if (match?.[1] === undefined || !URL.canParse(match[1], current.href)) continue;
    const next = new URL(match[1], current);
    // Registries behind a TLS proxy write http:// into their own links.
    if (next.host === current.host) next.protocol = current.protocol;
    return next.origin === current.origin && next.href !== current.href ? next : undefined;
  }
  return undefined;
}

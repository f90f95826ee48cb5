import { type Document, LineCounter, parseAllDocuments } from "yaml";
import * as z from "zod";
import { messageOf, type Problem, UsageError } from "../../support/errors.ts";
import { type ClusterConfig, clusterConfig } from "./schema.ts";

/** A configuration of the user's, and where it came from. */
export interface UserConfig {
  /** "the input config", or a path. */
  readonly source: string;
  readonly text: string;
}

/**
 * Reads a kind configuration strictly.
 * @throws UsageError naming each problem with its line and column.
 */
export function readKindConfig({ source, text }: UserConfig): ClusterConfig {
  const lines = new LineCounter();
  // kind's reader knows YAML's merge keys (<<).
  const documents = parseAllDocuments(text, { lineCounter: lines, merge: true });
  if (!Array.isArray(documents) || documents.length === 0) {
    throw new UsageError([problem(source, "nothing", "a kind configuration (kind: Cluster)")]);
  }
  const broken = documents.flatMap(({ errors }) => errors);
  if (broken.length > 0) {
    throw new UsageError(
      broken.map(({ message }) => problem(source, firstLine(message), "well-formed YAML")),
    );
  }
  const [document] = documents;
  if (document === undefined || documents.length > 1) {
    throw new UsageError([problem(source, `${documents.length} YAML documents`, "one: kind reads only one")]);
  }
  const read = clusterConfig.safeParse(contentOf(document, source));
  if (read.success) return read.data;
  throw new UsageError(read.error.issues.flatMap((issue) => problemsOf(issue, source, document, lines)));
}

/** @throws UsageError for an alias that means nothing, which is found only here. */
function contentOf(document: Document, source: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new UsageError([problem(source, firstLine(messageOf(error)), "well-formed YAML")]);
  }
}

function problem(source: string, given: string, allowed: string): Problem {
  return { input: "config", given: `${source}: ${given}`, allowed };
}

function firstLine(message: string): string {
  return message.split("\n")[0]?.replace(/:$/, "") ?? message;
}

function problemsOf(
  issue: z.core.$ZodIssue,
  source: string,
  document: Document,
  lines: LineCounter,
): Problem[] {
  const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const near = nearest(key, knownKeys(path));
      const allowed =
        near === undefined ? "a field of kind's v1alpha4" : `a field of kind's v1alpha4, such as ${near}`;
      return problem(
        source,
        `unknown field ${shown([...path, key])}${place([...path, key], document, lines)}`,
        allowed,
      );
    });
  }
  const value = JSON.stringify(document.getIn(path) ?? null)?.slice(0, 80);
  return [problem(source, `${shown(path)} is ${value}${place(path, document, lines)}`, issue.message)];
}

function shown(path: readonly (string | number)[]): string {
  return (
    path
      .map((part, at) => (typeof part === "number" ? `[${part}]` : at === 0 ? part : `.${part}`))
      .join("") || "the document"
  );
}

/** Where in the text a value is: of a key that is unknown, its own place. */
function place(path: readonly (string | number)[], document: Document, lines: LineCounter): string {
  const parent: unknown = path.length <= 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const key = path.at(-1);
  const pairs = hasItems(parent) ? parent.items : [];
  const pair = pairs.find((item) => isPairOf(item, key));
  const node: unknown = isPair(pair)
    ? pair.key
    : path.length === 0
      ? document.contents
      : document.getIn(path, true);
  const offset = hasRange(node) ? node.range[0] : undefined;
  if (offset === undefined) return "";
  const { line, col } = lines.linePos(offset);
  return ` (line ${line}, column ${col})`;
}

function hasItems(node: unknown): node is { items: unknown[] } {
  return typeof node === "object" && node !== null && "items" in node && Array.isArray(node.items);
}

function isPair(item: unknown): item is { key: { value: unknown } } {
  return typeof item === "object" && item !== null && "key" in item && typeof item.key === "object";
}

function isPairOf(item: unknown, key: unknown): boolean {
  return isPair(item) && item.key !== null && item.key.value === key;
}

function hasRange(node: unknown): node is { range: [number, number, number] } {
  return typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range);
}

/** Names that the schema knows at a path. */
function knownKeys(path: readonly (string | number)[]): string[] {
  let at: unknown = clusterConfig;
  for (const part of path) {
    const inner = unwrapped(at);
    at = typeof part === "number" ? elementOf(inner) : shapeOf(inner)?.[part];
  }
  return Object.keys(shapeOf(unwrapped(at)) ?? {});
}

function unwrapped(schema: unknown): unknown {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable || inner instanceof z.ZodDefault) {
    inner = inner.unwrap();
  }
  return inner;
}

function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  if (typeof schema !== "object" || schema === null || !("shape" in schema)) return undefined;
  return schema.shape as Record<string, unknown>;
}

function elementOf(schema: unknown): unknown {
  return typeof schema === "object" && schema !== null && "element" in schema ? schema.element : undefined;
}

/** The known name that shares the most with an unknown one, if it shares enough. */
function nearest(unknown: string, known: readonly string[]): string | undefined {
  const lower = unknown.toLowerCase();
  const scored = known.map((name) => ({ name, distance: distance(lower, name.toLowerCase()) }));
  const best = scored.sort((a, b) => a.distance - b.distance)[0];
  return best !== undefined && best.distance <= Math.max(2, unknown.length / 3) ? best.name : undefined;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(
        Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)),
      );
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

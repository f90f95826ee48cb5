import { readFile } from "node:fs/promises";
import { parsed } from "../support/json.ts";
import type { GitHubEvent } from "./trust.ts";

/** The event that started the workflow. What cannot be read is no payload, which counts as a fork's (trust.ts). */
export async function readEvent(env: Readonly<Record<string, string | undefined>>): Promise<GitHubEvent> {
  const text = await readFile(env["GITHUB_EVENT_PATH"] ?? "", "utf8").catch(() => "");
  return { name: env["GITHUB_EVENT_NAME"] ?? "", payload: parsed(text), actor: env["GITHUB_ACTOR"] ?? "" };
}

import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, sep } from "node:path";
import { messageOf } from "../support/errors.ts";
import type { ToolRequest } from "./install.ts";
import type { ToolDeps } from "./tool-deps.ts";
import { toolRoot } from "./tool-folder.ts";

/** Milliseconds for a tool to say its version. */
const deadline = 5_000;

/**
 * The program that later steps would find, if it has the asked version. One in our own tool folder, which an
 * earlier step put on PATH, does not count: it is checked like anything that was kept.
 */
export async function onPath({ name, version }: ToolRequest, deps: ToolDeps): Promise<string | undefined> {
  const { env, runner, logger } = deps;
  const program = await firstOnPath(name, env["PATH"] ?? "");
  if (program === undefined || program.startsWith(toolRoot(env) + sep)) return undefined;
  const args = name === "kind" ? ["version", "-q"] : ["version", "--client", "-o", "json"];
  try {
    const words = await runner.output([program, ...args], { deadline });
    const found = name === "kind" ? kindVersionIn(words) : kubectlVersionIn(words);
    if (found === version) return program;
    logger.debug(`${program} is ${found ?? "of a version it does not tell"}, asked is ${version}`);
  } catch (error) {
    logger.debug(`${program} does not tell its version: ${messageOf(error)}`);
  }
  return undefined;
}

async function firstOnPath(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const program = join(folder, name);
    if (await isProgram(program)) return program;
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** `kind version -q` prints the number alone, without a v. */
export function kindVersionIn(words: string): string | undefined {
  const found = /^v?(\d+\.\d+\.\d+\S*)$/.exec(words.trim())?.[1];
  return found === undefined ? undefined : `v${found}`;
}

/** `kubectl version --client -o json`: `{"clientVersion": {"gitVersion": "v1.34.4", …}}`. */
export function kubectlVersionIn(words: string): string | undefined {
  const client: unknown = (JSON.parse(words) as { clientVersion?: { gitVersion?: unknown } } | null)
    ?.clientVersion?.gitVersion;
  return typeof client === "string" ? client : undefined;
}

import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { networkExchange } from "../../../src/support/exchange.ts";
import { type Logger, silentLogger } from "../../../src/support/logger.ts";
import { systemProcessRunner } from "../../../src/support/process-runner.ts";
import type { ToolDeps } from "../../../src/tools/tool-deps.ts";
import { type TestClock, testClock } from "./test-clock.ts";

export interface Workshop {
  readonly deps: ToolDeps;
  readonly clock: TestClock;
  /** What was said, each line with its level. */
  readonly log: string[];
  /** RUNNER_TOOL_CACHE. */
  readonly tools: string;
  readonly temporary: string;
  /** All files under the tool cache and the temporary folder, relative, sorted. */
  files(): Promise<string[]>;
}

/** A machine with nothing on it, but for what `parts` say. */
export async function workshop(
  parts: Partial<ToolDeps> & { readonly env?: Record<string, string>; readonly tick?: number } = {},
): Promise<Workshop> {
  const root = await mkdtemp(join(tmpdir(), "tools-test-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const tools = join(root, "cache");
  const temporary = join(root, "temp");
  await Promise.all([mkdir(tools), mkdir(temporary)]);
  const log: string[] = [];
  const clock = testClock(parts.tick);
  const env = { PATH: join(root, "bin"), RUNNER_TOOL_CACHE: tools, ...parts.env };
  const deps: ToolDeps = {
    exchange: networkExchange(env),
    clock,
    logger: recordingLogger(log),
    runner: systemProcessRunner(env),
    temporaryFolder: temporary,
    platform: "linux",
    arch: "x64",
    mirror: undefined,
    token: undefined,
    githubServerUrl: "https://github.com",
    cacheScope: "none",
    actionsCache: () => Promise.reject(new Error("the Actions cache is not to be asked")),
    ...parts,
    env,
  };
  return { deps, clock, log, tools, temporary, files: () => filesUnder(root) };
}

function recordingLogger(log: string[]): Logger {
  const say = (level: string) => (text: string) => {
    log.push(`${level}: ${text}`);
  };
  return {
    ...silentLogger,
    info: say("info"),
    debug: say("debug"),
    notice: say("notice"),
    warning: say("warning"),
    error: say("error"),
  };
}

async function filesUnder(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

/** What a call throws. */
export async function thrownBy(call: Promise<unknown>): Promise<Error> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing was thrown");
}

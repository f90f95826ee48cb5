import { spawn } from "node:child_process";
import { codeOf, EnvironmentError, type Evidence, ReportedError, TimeoutError } from "./errors.ts";
import { identify, type ProcessIdentity } from "./process-identity.ts";
import { TextTail } from "./text-tail.ts";

/** A program and its arguments. Never a shell line. */
export type Argv = readonly [program: string, ...args: string[]];

export interface RunOptions {
  /** Replaces the whole environment of the child; without it the runner's own is used. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Written to stdin, which is then closed. Without it stdin is empty. */
  readonly input?: string;
  /** Milliseconds; the whole process group is killed then. */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
  /** Called with each full line of stdout as it comes. */
  readonly onStdoutLine?: (line: string) => void;
  readonly onStderrLine?: (line: string) => void;
  /** The most of stdout (and of stderr) that is kept, in characters. Default 1 Mi. */
  readonly keep?: number;
  /** Told of the process as soon as it lives: its group id is its pid. */
  readonly onStart?: (identity: ProcessIdentity) => Promise<void> | void;
}

/** How a program ended. `code` is undefined when a signal ended it. */
export interface RunResult {
  readonly argv: Argv;
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs programs. Handed to whatever needs one, so that tests can stand in for it. */
export interface ProcessRunner {
  /**
   * Runs to the end and returns how it ended, whatever the exit code.
   * @throws EnvironmentError when there is no such program, TimeoutError at the deadline, the signal's reason.
   */
  run(argv: Argv, options?: RunOptions): Promise<RunResult>;
  /** As `run`, but anything but exit code 0 throws a CommandError. Returns stdout. */
  output(argv: Argv, options?: RunOptions): Promise<string>;
}

/** A program's word that a disk is full, whatever else went wrong by that. */
export function saysDiskFull(stderr: string): boolean {
  return /no space left on device|disk quota exceeded/i.test(stderr);
}

/** What to do then. */
export const diskFull =
  "make room on the disk: for docker and kind that of the Docker daemon's machine (`docker system df`, `df -h`)";

/** A program ended with something else than exit code 0. */
export class CommandError extends ReportedError {
  readonly result: RunResult;

  constructor(result: RunResult, advice = "see the output of the command, or run it by hand") {
    super(
      {
        tried: `run \`${shown(result.argv)}\``,
        seen: ending(result),
        todo: saysDiskFull(result.stderr) ? diskFull : advice,
      },
      { evidence: outputOf(result) },
    );
    this.result = result;
  }
}

/** Milliseconds that output may still come after a child was killed. */
const lastWords = 2_000;

const defaultKeep = 1024 * 1024;

/** The process runner of the real world. Each child leads a process group of its own, ended as a whole. */
export function systemProcessRunner(baseEnv: Readonly<Record<string, string | undefined>>): ProcessRunner {
  const run: ProcessRunner["run"] = (argv, options = {}) => runOnce(argv, { env: baseEnv, ...options });
  return {
    run,
    async output(argv, options) {
      const result = await run(argv, options);
      if (result.code !== 0) throw new CommandError(result);
      return result.stdout;
    },
  };
}

async function runOnce(argv: Argv, options: RunOptions): Promise<RunResult> {
  const [program, ...args] = argv;
  options.signal?.throwIfAborted();
  const child = spawn(program, args, {
    detached: true,
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    env: options.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const stdout = new TextTail(options.keep ?? defaultKeep);
  const stderr = new TextTail(options.keep ?? defaultKeep);
  collect(child.stdout, stdout, options.onStdoutLine);
  collect(child.stderr, stderr, options.onStderrLine);

  let expired = false;
  const endGroup = () => {
    killGroup(child.pid);
    // A grandchild in a session of its own may hold the output open: nobody waits for what it will say.
    setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, lastWords).unref();
  };
  const timer =
    options.deadline === undefined
      ? undefined
      : setTimeout(() => {
          expired = true;
          endGroup();
        }, options.deadline);
  options.signal?.addEventListener("abort", endGroup, { once: true });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.once("error", (error) => reject(startFailure(argv, error)));
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  try {
    // Settled later than `ended` only in its own failure, which must not go unhandled meanwhile.
    const announced = announce(child.pid, options.onStart);
    if (child.stdin !== null) {
      child.stdin.on("error", () => {}); // a child that does not read its input is no failure of ours
      child.stdin.end(options.input);
    }
    const [{ code, signal }] = await Promise.all([ended, announced]);
    options.signal?.throwIfAborted();
    const result = {
      argv,
      code: code ?? undefined,
      signal: signal ?? undefined,
      stdout: `${stdout}`,
      stderr: `${stderr}`,
    };
    if (expired) throw deadlinePassed(result, options.deadline ?? 0);
    return result;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", endGroup);
  }
}

async function announce(pid: number | undefined, onStart: RunOptions["onStart"]): Promise<void> {
  if (pid === undefined || onStart === undefined) return;
  const identity = await identify(pid);
  if (identity !== undefined) await onStart(identity);
}

function collect(
  stream: NodeJS.ReadableStream | null,
  tail: TextTail,
  onLine: ((line: string) => void) | undefined,
): void {
  if (stream === null) return;
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    tail.add(text);
    if (onLine === undefined) return;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
  stream.on("end", () => {
    if (rest !== "") onLine?.(rest);
  });
}

/** Ends a process group at once. A group that is gone already is fine. */
export function killGroup(pid: number | undefined, signal: NodeJS.Signals = "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: ended by itself
  }
}

function startFailure(argv: Argv, error: Error): Error {
  if (codeOf(error) !== "ENOENT") return error;
  return new EnvironmentError(
    {
      tried: `run \`${shown(argv)}\``,
      seen: `there is no program “${argv[0]}” on PATH`,
      todo: `install ${argv[0]}, or put its folder on PATH`,
    },
    { cause: error },
  );
}

function deadlinePassed(result: RunResult, deadline: number): TimeoutError {
  return new TimeoutError(
    {
      tried: `run \`${shown(result.argv)}\``,
      seen: `it had not ended after ${deadline / 1000} s and was killed; last words: ${lastLine(result) ?? "none"}`,
      todo: "see whether the Docker daemon answers (`docker info`) and whether the machine is overloaded",
    },
    { evidence: outputOf(result) },
  );
}

/** An argument list as one would type it, shortened to what is readable in one line. */
function shown(argv: Argv): string {
  const text = argv.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : JSON.stringify(arg))).join(" ");
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

function ending(result: RunResult): string {
  const how = result.code === undefined ? `ended by ${result.signal}` : `exit code ${result.code}`;
  const last = lastLine(result);
  return last === undefined ? `${how}, without a word` : `${how}: ${last}`;
}

function lastLine({ stderr, stdout }: RunResult): string | undefined {
  return [stderr, stdout].map((text) => text.trim().split("\n").at(-1) ?? "").find((line) => line !== "");
}

function outputOf(result: RunResult): Evidence[] {
  const text = [result.stderr.trim(), result.stdout.trim()].filter((part) => part !== "").join("\n");
  return text === "" ? [] : [{ title: `output of ${shown(result.argv)}`, text }];
}

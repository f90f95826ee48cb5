import type { Argv, ProcessRunner, RunOptions, RunResult } from "../support/process-runner.ts";
import { CommandError } from "../support/process-runner.ts";

/**
 * The docker command, bound to one endpoint. Everything goes through the command, so that contexts, TLS
 * and ssh work as they do for the user (docs/architecture.md).
 */
export interface Docker {
  /** What kind and the docker command need in their environment to reach the same daemon. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs to the end, whatever the exit code. */
  run(args: readonly string[], options?: Omit<RunOptions, "env">): Promise<RunResult>;
  /** Stdout without the last line end. @throws CommandError when docker refuses. */
  output(args: readonly string[], options?: Omit<RunOptions, "env">): Promise<string>;
}

/** The docker command with `env` as its whole environment. */
export function dockerCommand(
  runner: ProcessRunner,
  env: Readonly<Record<string, string | undefined>>,
): Docker {
  const argv = (args: readonly string[]): Argv => ["docker", ...args];
  return {
    env,
    run: (args, options) => runner.run(argv(args), { ...options, env }),
    output: async (args, options) => (await runner.output(argv(args), { ...options, env })).trimEnd(),
  };
}

/** Lines of a listing, without empty ones. */
export function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/**
 * Docker's word that something is not (or no longer) there, of whatever kind it is. Asked about several, it says
 * so of each in a line of its own: any other line is another failure.
 */
export function saysGone(result: RunResult): boolean {
  const said = linesOf(result.stderr).filter((line) => !/^warning/i.test(line));
  const gone = /no such (container|volume|network|object|image)|not found|is not connected to/i;
  return said.length > 0 && said.every((line) => gone.test(line));
}

/** Docker's word that a container's processes do not end by SIGKILL. */
export function saysUnkillable(result: RunResult): boolean {
  return /could not kill|did not receive an exit event/i.test(result.stderr);
}

/** Docker's word that a host port has another owner (the wording differs between 20.10 and 29). */
export function saysPortTaken(result: RunResult): boolean {
  return /port is already allocated|address already in use|bind: address already/i.test(result.stderr);
}

/** Docker's word that a container of that name exists. */
export function saysNameTaken(result: RunResult): boolean {
  return /is already in use by container|name .* is already in use/i.test(result.stderr);
}

/** Docker's word that the registry it pulls from will not serve us now, but another may. */
export function saysRegistryBusy(result: RunResult): boolean {
  return /toomanyrequests|rate limit|\b429\b|\b50[0234]\b|timeout|i\/o|connection (refused|reset)|no such host|EOF/i.test(
    result.stderr,
  );
}

/** Runs a removal; “already gone” is success. @throws CommandError for any other refusal. */
export async function removed(docker: Docker, args: readonly string[]): Promise<void> {
  const result = await docker.run(args, { deadline: 60_000 });
  if (result.code !== 0 && !saysGone(result)) {
    throw new CommandError(result, `by hand: docker ${args.join(" ")}`);
  }
}

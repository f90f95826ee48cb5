import { type Docker, dockerCommand } from "../../../src/docker/docker.ts";
import { CommandError, type ProcessRunner, type RunResult } from "../../../src/support/process-runner.ts";

type Answer = Partial<Pick<RunResult, "code" | "stdout" | "stderr">>;
type Answers = readonly (readonly [pattern: RegExp, answer: Answer | ((line: string) => Answer)])[];

/** A runner that answers by the first pattern that fits the command line, else with success and no words. `inputs` is what went to stdin. */
export function fakeRunner(answers: Answers = []): {
  runner: ProcessRunner;
  lines: string[];
  inputs: string[];
} {
  const lines: string[] = [];
  const inputs: string[] = [];
  const run: ProcessRunner["run"] = (argv, options) => {
    const line = argv.join(" ");
    lines.push(line);
    inputs.push(options?.input ?? "");
    const answer = answers.find(([pattern]) => pattern.test(line))?.[1] ?? {};
    const { code = 0, stdout = "", stderr = "" } = typeof answer === "function" ? answer(line) : answer;
    for (const text of stdout.split("\n")) options?.onStdoutLine?.(text);
    return Promise.resolve({ argv, code, signal: undefined, stdout, stderr });
  };
  const output: ProcessRunner["output"] = async (argv, options) => {
    const result = await run(argv, options);
    if (result.code !== 0) throw new CommandError(result);
    return result.stdout;
  };
  return { runner: { run, output }, lines, inputs };
}

/** A docker command over such a runner; `lines` are without the word docker. */
export function fakeDocker(answers: Answers = []): {
  docker: Docker;
  lines: () => string[];
  inputs: () => string[];
} {
  const { runner, lines, inputs } = fakeRunner(answers);
  return {
    docker: dockerCommand(runner, {}),
    lines: () => lines.map((line) => line.replace(/^docker /, "")),
    inputs: () => inputs,
  };
}

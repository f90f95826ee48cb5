// @ts-check
// A job as GitHub's runner runs one: the step's main and post as processes of their own, with inputs as INPUT_*, and
// outputs, environment, PATH, state and summary handed over by files. For the demo, the benchmark and the e2e tests.
// https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/NodeScriptActionHandler.cs
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** @typedef {{ main: string, post: string }} Bundles */

/**
 * @typedef {object} JobOptions
 * @property {Record<string, string>} [env] What the machine's environment has more, such as DOCKER_HOST.
 * @property {string[]} [within] What each of its commands begins with, as nsenter's way into another network.
 * @property {(line: string) => void} [onLine] Each line that a step says.
 * @property {string} [path] PATH of the machine; this process's by default.
 * @property {string} [runId] Of the workflow run; random by default.
 * @property {string} [runnerName]
 * @property {string} [temp] The runner's temp folder, as an earlier job of it had; a runner empties it before each job.
 * @property {string} [toolCache] A folder that outlives the job, as on a runner of one's own.
 */

/** @typedef {{ code: number | null, signal: NodeJS.Signals | null, log: string }} Ended */

/** One use of the step: what it was given and what it left for post. */
export class Step {
  /** @type {Record<string, string>} */ outputs = {};
  /** @type {Record<string, string>} */ state = {};
  log = "";
  summary = "";
  /** @type {number | null} */ code = null;
  /** Resolves when main has ended and what it handed over was read. @type {Promise<void>} */
  collected = Promise.resolve();
  /** Reads what main handed over up to now: for one that was killed, whose children hold its output open. */
  collectNow = () => {};
  /** @param {Record<string, string>} inputs */
  constructor(inputs) {
    this.inputs = inputs;
  }
}

/** Main at work. */
export class Running {
  /** @type {{ pattern: RegExp, seen: () => void }[]} */ #awaited = [];
  #log = "";
  /**
   * @param {import("node:child_process").ChildProcess} child
   * @param {(line: string) => void} onLine
   */
  constructor(child, onLine) {
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      let rest = "";
      stream?.setEncoding("utf8").on("data", (text) => {
        this.#log += text;
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) onLine(line);
        for (const { pattern, seen } of this.#awaited) if (pattern.test(this.#log)) seen();
      });
    }
    /** @type {Promise<Ended>} */
    this.ended = new Promise((resolve) => {
      child.on("close", (code, signal) => resolve({ code, signal, log: this.#log }));
    });
  }
  get log() {
    return this.#log;
  }
  /** Resolves when the log has a match. @param {RegExp} pattern */
  said(pattern) {
    if (pattern.test(this.#log)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#awaited.push({ pattern, seen: () => resolve(undefined) });
    });
  }
}

export class Job {
  /** @type {Record<string, string>} */ #env;
  /** @type {string[]} */ #path = [];
  /** @type {string[]} */ #within;

  /** @param {JobOptions} [options] */
  constructor(options = {}) {
    this.folder = mkdtempSync(join(tmpdir(), "job-"));
    this.temp = options.temp ?? join(this.folder, "_temp");
    rmSync(this.temp, { recursive: true, force: true });
    this.workspace = join(this.folder, "work");
    this.toolCache = options.toolCache ?? join(this.folder, "_tool");
    for (const folder of [this.temp, this.workspace, this.toolCache, join(this.folder, "home")])
      mkdirSync(folder, { recursive: true });
    /** Marks the job's processes, as the runner marks them. */
    this.trackingId = `github_${randomUUID()}`;
    this.#within = options.within ?? [];
    this.onLine = options.onLine ?? (() => {});
    this.#env = {
      PATH: options.path ?? process.env["PATH"] ?? "",
      HOME: join(this.folder, "home"),
      LANG: "C.UTF-8",
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_ACTION: "__self",
      GITHUB_EVENT_NAME: "push",
      GITHUB_JOB: "test",
      GITHUB_REF: "refs/heads/main",
      GITHUB_REPOSITORY: "someone/project",
      GITHUB_RUN_ATTEMPT: "1",
      GITHUB_RUN_ID: options.runId ?? String(Math.floor(Math.random() * 1e12)),
      GITHUB_SERVER_URL: "https://github.com",
      GITHUB_WORKFLOW: "test",
      GITHUB_WORKSPACE: this.workspace,
      RUNNER_ARCH: process.arch === "arm64" ? "ARM64" : "X64",
      RUNNER_ENVIRONMENT: "self-hosted",
      RUNNER_NAME: options.runnerName ?? "runner-1",
      RUNNER_OS: "Linux",
      RUNNER_TEMP: this.temp,
      RUNNER_TOOL_CACHE: this.toolCache,
      RUNNER_TRACKING_ID: this.trackingId,
      ...options.env,
    };
  }

  /** What a `run:` step sees. @returns {Record<string, string>} */
  get env() {
    return { ...this.#env, PATH: [...this.#path, this.#env["PATH"]].join(delimiter) };
  }

  /** For all steps from now on. @param {string} name @param {string} value */
  addEnv(name, value) {
    this.#env[name] = value;
  }

  /** Starts a program as a step of this job. @param {string[]} command @param {Record<string, string>} env */
  launch(command, env) {
    const [program = "", ...args] = [...this.#within, ...command];
    return spawn(program, args, { cwd: this.workspace, env, stdio: ["ignore", "pipe", "pipe"] });
  }

  /** The path of a file below the job's folder as its steps see it. @param {string} path */
  inside(path) {
    return path;
  }

  /** The node that the runner brings, and the folder where it has put the action; as the steps see them. */
  get places() {
    return { node: process.execPath, action: root };
  }

  /** Runs main to its end. @param {Record<string, string>} [inputs] */
  async use(inputs = {}) {
    const { step, running } = this.start(inputs);
    await running.ended;
    await step.collected;
    return step;
  }

  /**
   * Starts main, for those who act while it works.
   * @param {Record<string, string>} [inputs]
   */
  start(inputs = {}) {
    const step = new Step(inputs);
    const files = this.#handOver();
    const running = this.#spawn("main", { ...inputEnv(inputs), ...files.env });
    let collected = false;
    step.collectNow = () => {
      if (collected) return;
      collected = true;
      step.outputs = readPairs(files.at("output"));
      step.state = readPairs(files.at("state"));
      step.summary = readFileSync(files.at("step_summary"), "utf8");
      Object.assign(this.#env, readPairs(files.at("env")));
      this.#path.unshift(...readFileSync(files.at("path"), "utf8").split("\n").filter(Boolean).reverse());
    };
    step.collected = running.ended.then(({ code, log }) => {
      step.code = code;
      step.log = log;
      step.collectNow();
    });
    return { step, running };
  }

  /** Runs post with what main left, also when main was killed. @param {Step} step @param {Record<string, string>} [env] */
  async post(step, env = {}) {
    const files = this.#handOver();
    const state = Object.fromEntries(
      Object.entries(step.state).map(([name, value]) => [`STATE_${name}`, value]),
    );
    return await this.#spawn("post", { ...inputEnv(step.inputs), ...files.env, ...state, ...env }).ended;
  }

  /** A `run:` step. @param {string} script @returns {Promise<Ended>} */
  async run(script) {
    return await this.command(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
  }

  /** A program of the job's, without a shell. @param {string[]} command @returns {Promise<Ended>} */
  async command(command) {
    return await new Running(this.launch(command, this.env), this.onLine).ended;
  }

  /** The runner takes its own folders away. */
  end() {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #handOver() {
    const folder = join(this.temp, `_runner_file_commands-${randomUUID()}`);
    mkdirSync(folder);
    const at = (/** @type {string} */ name) => join(folder, name);
    const names = ["output", "env", "path", "state", "step_summary"];
    for (const name of names) writeFileSync(at(name), "");
    return {
      at,
      env: Object.fromEntries(names.map((name) => [`GITHUB_${name.toUpperCase()}`, this.inside(at(name))])),
    };
  }

  /** @param {keyof Bundles} entry @param {Record<string, string>} more */
  #spawn(entry, more) {
    const { node, action } = this.places;
    const child = this.launch([node, join(action, bundles()[entry])], { ...this.env, ...more });
    return new Running(child, this.onLine);
  }
}

/** @returns {Bundles} The entry points, as action.yml names them. */
function bundles() {
  const { runs } = parse(readFileSync(join(root, "action.yml"), "utf8"));
  return { main: runs.main, post: runs.post };
}

/** Inputs as the runner hands them over: defaults from action.yml, names in upper case with blanks as `_`. @param {Record<string, string>} given */
function inputEnv(given) {
  /** @type {{ inputs: Record<string, { default?: string }> }} */
  const { inputs } = parse(readFileSync(join(root, "action.yml"), "utf8"));
  const all = Object.fromEntries(
    Object.entries(inputs).map(([name, { default: value }]) => [
      name,
      (value ?? "").replace(/\$\{\{.*?\}\}/g, ""),
    ]),
  );
  return Object.fromEntries(
    Object.entries({ ...all, ...given }).map(([name, value]) => [
      `INPUT_${name.replaceAll(" ", "_").toUpperCase()}`,
      value,
    ]),
  );
}

/** `name=value` and heredoc entries of a file command. @param {string} file */
function readPairs(file) {
  /** @type {Record<string, string>} */
  const pairs = {};
  const lines = readFileSync(file, "utf8").split("\n");
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    const heredoc = /^([^=]+?)<<(.+)$/.exec(line);
    if (heredoc?.[1] !== undefined) {
      const value = [];
      for (i++; i < lines.length && lines[i] !== heredoc[2]; i++) value.push(lines[i]);
      pairs[heredoc[1]] = value.join("\n");
    } else if (line.includes("=")) {
      pairs[line.slice(0, line.indexOf("="))] = line.slice(line.indexOf("=") + 1);
    }
  }
  return pairs;
}

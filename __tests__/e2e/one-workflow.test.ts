import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { FarMachine } from "../../script/far/machine.mjs";
import { act } from "./harness/act.ts";
import { newJob } from "./harness/jobs.ts";
import { docker, lab } from "./harness/machine.ts";
import { password, type RegistryElsewhere, registryElsewhere } from "./harness/registry-elsewhere.ts";

const root = join(import.meta.dirname, "../..");

let elsewhere: RegistryElsewhere;
beforeAll(async () => {
  if (lab.bin !== undefined) elsewhere = await registryElsewhere();
});
afterAll(() => elsewhere?.stop());

/** A repository with the action and the workflow in it, as a user's that uses it by `./`. */
function repository(): string {
  const folder = mkdtempSync(join(tmpdir(), "repository-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ["action.yml", "dist", "docs/example"])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  mkdirSync(join(folder, ".github/workflows"), { recursive: true });
  cpSync(join(import.meta.dirname, "one-workflow/images.yml"), join(folder, ".github/workflows/images.yml"));
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=x", "-c", "user.email=x@y", ...args], {
      stdio: "pipe",
    });
  git("init", "--initial-branch=main");
  git("remote", "add", "origin", "https://github.com/someone/project");
  git("add", ".");
  git("commit", "--message=all");
  return folder;
}

interface Run {
  /** What selects the daemon, where it is not the tests' own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly event: "push" | "pull_request";
  readonly payload?: object;
  readonly vars?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
}

/** Runs the workflow on this machine by act. @throws with its output when it fails. */
async function runWorkflow({ env = {}, event, payload, vars = {}, secrets = {} }: Run): Promise<string> {
  const job = newJob({ env: { ...env, DOCKER_BUILDKIT: "0" } });
  const mirror = lab.mirror === undefined ? {} : { MIRROR: lab.mirror };
  const args = Object.entries({ ...mirror, ...vars }).flatMap(([name, value]) => [
    "--var",
    `${name}=${value}`,
  ]);
  const label = "ubuntu-latest";
  const { code, log } = await act(job, { folder: repository(), event, label, args, payload, secrets });
  if (code !== 0) throw new Error(`the workflow failed:\n${log}`);
  return log;
}

const forkPayload = {
  action: "opened",
  number: 7,
  repository: { full_name: "someone/project" },
  pull_request: {
    number: 7,
    head: { sha: "a".repeat(40), ref: "patch-1", repo: { full_name: "stranger/project" } },
    base: { sha: "b".repeat(40), ref: "main", repo: { full_name: "someone/project" } },
  },
};

const vars = () => ({ REGISTRY: `${elsewhere.host}/team`, REGISTRY_CA: elsewhere.caPath });
// Only the lab has act and a registry program to run in a network of its own.
const inLab = test.skipIf(lab.bin === undefined);

const secrets = { REGISTRY_USERNAME: "user", REGISTRY_PASSWORD: password };

inLab.each([
  ["without a registry of one's own", "vm-local", () => ({ event: "push" as const })],
  ["with one", "remote-registry", () => ({ event: "push" as const, vars: vars(), secrets })],
  [
    "as a fork, which has the variables of the workflow and no secrets",
    "vm-local",
    () => ({ event: "pull_request" as const, payload: forkPayload, vars: vars() }),
  ],
])("the same file %s: %s", async (_, strategy, how) => {
  const before = docker("ps", "--all", "--format", "{{.Names}}");
  const log = await runWorkflow(how());
  const registry = strategy === "remote-registry" ? `${elsewhere.host}/team` : "localhost:\\d+";
  const tag = tagIn(log, strategy, registry);
  expect(log).not.toContain(password);
  expect(docker("ps", "--all", "--format", "{{.Names}}")).toBe(before);
  if (strategy === "remote-registry") expect(await elsewhere.pusher().status("team/app", tag)).toBe(404);
});

inLab("the same file with Docker on another machine", async () => {
  const far = await FarMachine.start();
  onTestFinished(() => far.end());
  const log = await runWorkflow({ event: "push", env: far.env });
  tagIn(log, "remote-docker", "localhost:\\d+");
  expect(far.docker("ps", "--all", "--quiet")).toBe("");
});

/** The tag under which the workflow's pod ran, by this strategy and with this registry. */
function tagIn(log: string, strategy: string, registry: string): string {
  expect(log).toContain("Hello from a pod.");
  const said = new RegExp(`strategy ${strategy} with ${registry}/app:(\\S+)`).exec(log);
  expect(said).not.toBeNull();
  return said?.[1] ?? "";
}

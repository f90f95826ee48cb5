import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { Ledger } from "../../../src/ledger.ts";
import { postStep } from "../../../src/steps/post-step.ts";
import { begunEntries, stateEntries } from "../../../src/steps/state.ts";
import { identify, lives } from "../../../src/support/process-identity.ts";
import { newFolder } from "../new-folder.ts";

const owner = "abcdefabcdef";
let temp: string;
let folder: string;
let written: string;
beforeEach(async () => {
  temp = await newFolder();
  folder = join(temp, "kind-ci", owner);
  await mkdir(folder, { recursive: true });
  written = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    written += String(text);
    return true;
  });
  process.exitCode = undefined;
});

/** A docker command that notes what it is asked and where, and knows one owner record. */
async function dockerOnPath(refusal = ""): Promise<string> {
  const labels = { "io.kind-ci-action.owner": owner, "io.kind-ci-action.cluster": "kind" };
  await writeFile(join(temp, "record.json"), JSON.stringify([{ Name: `kind-ci-${owner}`, Labels: labels }]));
  const script = `#!/bin/sh
echo "$DOCKER_HOST: $*" >> "${temp}/asked"
[ -z "${refusal}" ] || { echo "${refusal}" >&2; exit 1; }
case "$*" in
  "volume ls"*) [ -e "${temp}/removed" ] || echo "kind-ci-${owner}" ;;
  "volume inspect"*) cat "${temp}/record.json" ;;
  "volume rm"*) touch "${temp}/removed" ;;
esac
`;
  const bin = join(temp, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "docker"), script);
  await chmod(join(bin, "docker"), 0o755);
  return `${bin}:/usr/bin:/bin`;
}

const whole = () => ({ ledger: join(folder, "ledger.json"), owner, cluster: "kind", cleanup: true });

/** Runs post with this state; what docker was asked, a line each. */
async function post(state: readonly [string, string][], inputs: Record<string, string> = {}, refusal = "") {
  for (const [name, value] of state) vi.stubEnv(`STATE_${name}`, value);
  await postStep({
    PATH: await dockerOnPath(refusal),
    RUNNER_TEMP: temp,
    RUNNER_NAME: "runner-1",
    ...inputs,
  });
  const asked = await readFile(join(temp, "asked"), "utf8").catch(() => "");
  return asked.split("\n").filter((line) => line !== "");
}

test("a main that refused made nothing: docker is not even asked", async () => {
  expect(await post(begunEntries(owner, undefined))).toEqual([]);
  expect(written).toContain("Nothing of this step is there to remove.");
});

test("a main that goes on after it was cancelled while it looked around is ended, with what it began since", async () => {
  const main = spawn("sleep", ["600"], { stdio: "ignore" });
  onTestFinished(() => void main.kill("SIGKILL"));
  const identity = await identify(main.pid ?? 0);
  const ledger = await Ledger.open(folder, { owner, cluster: "kind", dockerEnv: {}, main: identity });
  await ledger.intend({ resource: "owner-record", name: `kind-ci-${owner}` });
  const asked = await post(begunEntries(owner, identity));
  expect(identity !== undefined && (await lives(identity))).toBe(false);
  expect(asked).toContain(`: volume rm kind-ci-${owner}`);
  expect(existsSync(folder)).toBe(false);
});

test("a ledger that cannot be read is told, and the owner record and the state say what to remove", async () => {
  const file = join(temp, "kind-ci", "kubeconfig");
  const entry = (name: string) => ({ name, context: { cluster: name, user: name } });
  await writeFile(join(folder, "ledger.json"), "{");
  await writeFile(file, JSON.stringify({ contexts: [entry("kind-kind"), entry("theirs")] }));
  const asked = await post(stateEntries(whole()));
  expect(written).toMatch(/::warning::The ledger .*cannot be read/);
  expect(asked).toContain(`: volume rm kind-ci-${owner}`);
  expect(existsSync(folder)).toBe(false);
  expect(await readFile(file, "utf8")).toContain("theirs");
  expect(await readFile(file, "utf8")).not.toContain("kind-kind");
});

test("without a ledger it is said that images may stay in the remote registry", async () => {
  const inputs = {
    "INPUT_REMOTE-REGISTRY": "reg.example/team",
    GITHUB_RUN_ID: "4711",
    GITHUB_RUN_ATTEMPT: "2",
  };
  await post(stateEntries(whole()), { ...inputs, "INPUT_DELETE-IMAGES": "app" });
  expect(written).toMatch(/::notice::.*reg\.example\/team.* run-4711-2-abcdefabcdef/);
});

test("without a ledger and with nothing to delete nothing is said of images", async () => {
  await post(stateEntries(whole()), { "INPUT_REMOTE-REGISTRY": "reg.example/team" });
  expect(written).not.toContain("reg.example");
});

test("without a ledger the daemon is the one of the inputs, as it was for main", async () => {
  const asked = await post(stateEntries(whole()), { "INPUT_DOCKER-HOST": "tcp://127.0.0.1:2375" });
  expect(asked.length).toBeGreaterThan(0);
  for (const line of asked) expect(line).toMatch(/^tcp:\/\/127\.0\.0\.1:2375: /);
});

test("a daemon that does not answer is a warning, and the job does not fail", async () => {
  await post(stateEntries(whole()), {}, "Cannot connect to the Docker daemon");
  expect(written).toMatch(/::warning::Removing the cluster failed.*Cannot connect/);
  expect(process.exitCode).toBeUndefined();
});

test("a record of another run is not touched where the state was lost", async () => {
  const asked = await post([], { GITHUB_RUN_ID: "4711" });
  expect(asked.some((line) => / rm /.test(line))).toBe(false);
});

test("cleanup: false removes nothing and says how to", async () => {
  const asked = await post(stateEntries({ ...whole(), cleanup: false }));
  expect(asked.some((line) => / rm /.test(line))).toBe(false);
  expect(written).toMatch(/::notice::cleanup: false.*docker volume rm kind-ci-abcdefabcdef/);
  expect(existsSync(dirname(whole().ledger))).toBe(true);
});

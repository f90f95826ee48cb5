import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { checkoutOf } from "../../src/environment/checkout.ts";
import { findRemoteRegistry } from "../../src/find-remote-registry.ts";
import type { Proof } from "../../src/remote-registry/prove-push.ts";
import { systemClock } from "../../src/support/clock.ts";
import { EnvironmentError } from "../../src/support/errors.ts";
import { silentLogger } from "../../src/support/logger.ts";
import { systemProcessRunner } from "../../src/support/process-runner.ts";
import { settingsOf } from "./plan/world.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "find-remote-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

const account = { tried: "x", seen: "y", todo: "z" };
const proofs = {
  proven: { kind: "proven", text: "works" },
  asks: { kind: "needs-credentials", text: "it asks for a password" },
  refused: { kind: "refused", why: "no-right-to-push", account },
  unreachable: { kind: "unreachable", account },
  unclear: { kind: "not-definite", text: "asked too often" },
} as const satisfies Record<string, Proof>;

const forkEvent = {
  repository: { full_name: "a/b" },
  pull_request: { head: { sha: "c", repo: { full_name: "stranger/b" } } },
};
const login = { "remote-registry-username": "me", "remote-registry-password": "pw" };

function find(
  inputs: Record<string, string>,
  proof: Proof | undefined,
  event: [string, object] = ["push", {}],
) {
  const path = join(folder, "event.json");
  writeFileSync(path, JSON.stringify(event[1]));
  const env = {
    PATH: process.env["PATH"],
    HOME: folder,
    GITHUB_EVENT_NAME: event[0],
    GITHUB_EVENT_PATH: path,
    GITHUB_WORKSPACE: folder,
  };
  const provePush = () => {
    if (proof === undefined) throw new Error("nothing was to be asked of the registry");
    return Promise.resolve(proof);
  };
  const deps = { env, runner: systemProcessRunner(env), clock: systemClock, logger: silentLogger, provePush };
  return findRemoteRegistry(settingsOf({ "remote-registry": "ghcr.io/a/b", ...inputs }), deps);
}

describe("access", () => {
  test.each([
    ["credentials are proven later, not here", login, undefined, "credentials"],
    ["none found, and none asked for", {}, proofs.proven, "open"],
    ["none found, and asked for", {}, proofs.asks, "missing"],
    ["none found, and no telling", {}, proofs.unclear, "unknown"],
    ["half a pair is none", { "remote-registry-username": "me" }, proofs.asks, "missing"],
  ])("%s", async (_, inputs, proof, access) => {
    expect((await find(inputs, proof))?.found.access).toBe(access);
  });

  test("a registry that cannot be reached ends the run, whoever runs it", async () => {
    await expect(find({}, proofs.unreachable)).rejects.toThrow(EnvironmentError);
    await expect(find({}, proofs.unreachable, ["pull_request", forkEvent])).rejects.toThrow(EnvironmentError);
  });

  test("the job's own token counts as missing in a fork's run when it may not push, and only there", async () => {
    const token = { ...login, token: "pw" };
    const fork: [string, object] = ["pull_request", forkEvent];
    expect((await find(token, proofs.refused, fork))?.found).toMatchObject({
      access: "missing",
      source: expect.stringContaining("may only read") as string,
    });
    expect((await find(token, proofs.proven, fork))?.found.access).toBe("credentials");
    expect((await find(token, undefined))?.found.access).toBe("credentials");
    // A secret of its own that is wrong is an error while going up, also in a fork's run.
    expect((await find({ ...login, token: "other" }, undefined, fork))?.found.access).toBe("credentials");
  });

  test("no secret is in what the plan gets", async () => {
    const finding = await find({ ...login, "remote-registry-password": "canary-4711" }, undefined);
    expect(JSON.stringify(finding?.found)).not.toContain("canary");
    expect(finding?.access.credentials).toMatchObject({ password: "canary-4711" });
  });

  test("nothing is looked at where no remote registry is asked for", async () => {
    expect(await find({ "remote-registry": "" }, undefined)).toBeUndefined();
  });
});

describe("a commit that is checked out", () => {
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=x", "-c", "user.email=x@y", ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  const runner = systemProcessRunner({ PATH: process.env["PATH"] });

  test("is found as HEAD, as a parent of a merge, and below the workspace; another is not", async () => {
    git("init", "--initial-branch=main");
    git("commit", "--allow-empty", "--message=base");
    git("checkout", "-b", "head");
    git("commit", "--allow-empty", "--message=theirs");
    const theirs = git("rev-parse", "HEAD");
    expect(await checkoutOf({ sha: theirs, repository: undefined }, folder, runner)).toBe(folder);
    git("checkout", "main");
    expect(await checkoutOf({ sha: theirs, repository: undefined }, folder, runner)).toBeUndefined();
    git("merge", "--no-ff", "--message=merge", "head");
    expect(await checkoutOf({ sha: theirs, repository: undefined }, folder, runner)).toBe(folder);
    git("reset", "--hard", "HEAD~1");
    mkdirSync(join(folder, "pr"));
    git("worktree", "add", join(folder, "pr", "x"), theirs);
    expect(await checkoutOf({ sha: theirs, repository: undefined }, join(folder, "pr"), runner)).toBe(
      join(folder, "pr", "x"),
    );
  });

  // Pushed after the event that names another, and fetched since.
  test.each([
    ["by the pull request's ref", (newer: string) => ["update-ref", "refs/remotes/pull/7/merge", newer]],
    ["from their repository", () => ["remote", "add", "origin", "https://github.com/Stranger/app.git"]],
    ["from it by ssh", () => ["remote", "add", "origin", "git@github.com:stranger/app"]],
  ])("is told where a newer one of theirs was fetched %s", async (_, fetched) => {
    git("init", "--initial-branch=main");
    git("commit", "--allow-empty", "--message=newer");
    const theirs = { sha: "a".repeat(40), repository: "stranger/app" };
    git("remote", "add", "upstream", "https://github.com/org/app");
    expect(await checkoutOf(theirs, folder, runner)).toBeUndefined();
    git(...fetched(git("rev-parse", "HEAD")));
    expect(await checkoutOf(theirs, folder, runner)).toBe(folder);
  });

  test("is taken to be there where git cannot tell, and not where nothing is checked out", async () => {
    expect(await checkoutOf({ sha: "a", repository: undefined }, folder, runner)).toBeUndefined();
    mkdirSync(join(folder, ".git"));
    expect(await checkoutOf({ sha: "a", repository: undefined }, folder, runner)).toBe(folder);
  });
});

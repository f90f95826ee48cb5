import { describe, expect, test } from "vitest";
import { type Trust, whoRuns } from "../../../src/environment/trust.ts";

const ours = { full_name: "org/app" };
const from = (repo: unknown) => ({ repository: ours, pull_request: { head: { sha: "abc", repo } } });
const fork = from({ full_name: "stranger/app" });
const branch = from(ours);
const bot = "dependabot[bot]";

type Row = [what: string, name: string, payload: unknown, actor: string, kind: Trust["kind"], why: RegExp];
const rows: Row[] = [
  ["a fork's", "pull_request", fork, "stranger", "fork-pull-request", /fork stranger\/app/],
  ["a deleted fork's", "pull_request", from(null), "stranger", "fork-pull-request", /gone/],
  ["no head repository", "pull_request", from(undefined), "x", "fork-pull-request", /gone/],
  [
    "a head repository that is none",
    "pull_request",
    from("org/app"),
    "x",
    "fork-pull-request",
    /does not tell/,
  ],
  [
    "an empty pull request",
    "pull_request",
    { repository: ours, pull_request: {} },
    "x",
    "fork-pull-request",
    /does not tell/,
  ],
  ["no pull request", "pull_request", { repository: ours }, "x", "fork-pull-request", /does not tell/],
  [
    "no repository",
    "pull_request",
    { pull_request: branch.pull_request },
    "x",
    "fork-pull-request",
    /does not tell/,
  ],
  [
    "two empty names",
    "pull_request",
    { repository: { full_name: "" }, pull_request: { head: { repo: { full_name: "" } } } },
    "x",
    "fork-pull-request",
    /does not tell/,
  ],
  ["a payload that is no object", "pull_request", "nonsense", "x", "fork-pull-request", /does not tell/],
  ["no payload", "pull_request", null, "x", "fork-pull-request", /does not tell/],
  ["a fork's, run by Dependabot in it", "pull_request", fork, bot, "fork-pull-request", /fork/],
  ["a review of a fork's", "pull_request_review", fork, "member", "fork-pull-request", /fork/],
  [
    "a review comment of a fork's",
    "pull_request_review_comment",
    fork,
    "member",
    "fork-pull-request",
    /fork/,
  ],
  ["a branch's", "pull_request", branch, "member", "trusted", /branch of this repository/],
  ["Dependabot's", "pull_request", branch, bot, "dependabot", /Dependabot/],
  ["Dependabot's push", "push", { repository: ours }, bot, "dependabot", /Dependabot/],
  ["Dependabot's, target", "pull_request_target", branch, bot, "dependabot", /Dependabot/],
  ["a name like Dependabot's", "push", { repository: ours }, "dependabot", "trusted", /push/],
  [
    "the merge queue",
    "merge_group",
    { repository: ours, merge_group: {} },
    "member",
    "merge-queue",
    /merge queue/,
  ],
  ["a push", "push", { repository: ours }, "member", "trusted", /the event is push/],
  ["a schedule", "schedule", { repository: ours }, bot, "trusted", /the event is schedule/],
  [
    "a comment on a pull request",
    "issue_comment",
    { repository: ours, issue: { pull_request: {} } },
    "x",
    "trusted",
    /issue_comment/,
  ],
  ["not on GitHub", "", undefined, "", "trusted", /not run on GitHub/],
];

describe("who runs this", () => {
  test.each(rows)("%s", (_what, name, payload, actor, kind, why) => {
    const trust = whoRuns({ name, payload, actor });
    expect(trust.kind).toBe(kind);
    expect(trust.why).toMatch(why);
  });

  test.each([
    ["a fork's head", fork, true],
    ["a deleted fork's head", from(null), true],
    ["a branch's head", branch, false],
  ])("pull_request_target with %s", (_what, payload, headIsFork) => {
    const trust = whoRuns({ name: "pull_request_target", payload, actor: "x" });
    expect(trust).toMatchObject({ kind: "pull-request-target", headIsFork, head: { sha: "abc" } });
  });

  test("whose repository the head is in is told, where there is one", () => {
    const ask = (payload: unknown) => whoRuns({ name: "pull_request_target", payload, actor: "x" });
    expect(ask(fork)).toMatchObject({ head: { sha: "abc", repository: "stranger/app" } });
    expect(ask(from(null))).toMatchObject({ head: { sha: "abc", repository: undefined } });
  });

  test("a fork's head under pull_request_target stays one when Dependabot runs it", () => {
    const trust = whoRuns({ name: "pull_request_target", payload: fork, actor: bot });
    expect(trust).toMatchObject({ kind: "pull-request-target", headIsFork: true });
  });

  const run = (event: string, head_repository: unknown) => ({
    repository: ours,
    workflow_run: { event, head_sha: "abc", head_repository },
  });
  test.each([
    ["a fork's pull request", run("pull_request", { full_name: "stranger/app" }), "pull-request-target"],
    ["a deleted fork's", run("pull_request", null), "pull-request-target"],
    ["nothing told", { repository: ours }, "pull-request-target"],
    ["a branch's pull request", run("pull_request", ours), "trusted"],
    ["a push", run("push", ours), "trusted"],
  ])("workflow_run after %s", (_what, payload, kind) => {
    expect(whoRuns({ name: "workflow_run", payload, actor: "x" }).kind).toBe(kind);
  });
});

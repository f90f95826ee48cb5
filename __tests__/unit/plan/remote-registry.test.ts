import { describe, expect, test } from "vitest";
import type { Trust } from "../../../src/environment/trust.ts";
import type { FoundRemoteRegistry } from "../../../src/plan/found.ts";
import { makePlan } from "../../../src/plan/make-plan.ts";
import type { Plan } from "../../../src/plan/plan.ts";
import { remoteRegistry } from "../../../src/remote-registry/reference.ts";
import { EnvironmentError } from "../../../src/support/errors.ts";
import { containerWith, foundWith, settingsOf } from "./world.ts";

const draw = { owner: "abcdefabcdef", now: new Date("2026-01-31T12:00:00Z") };
const prefix = "reg.example/team";

const trusted: Trust = { kind: "trusted", why: "the event is push" };
const fork: Trust = { kind: "fork-pull-request", why: "the pull request comes from the fork a/b" };
const dependabot: Trust = { kind: "dependabot", why: "Dependabot runs it" };
const queue: Trust = { kind: "merge-queue", why: "the merge queue runs it" };
const target: Trust = {
  kind: "pull-request-target",
  headIsFork: true,
  head: { sha: "a", repository: "stranger/app" },
  why: "pull_request_target runs with this repository's secrets",
};

const strangersCheckout = "/work";

function plan(remote: Partial<FoundRemoteRegistry>, inputs: Record<string, string> = {}, found = {}): Plan {
  const registry = remoteRegistry({ host: "reg.example", path: "team" }, false);
  const known = { registry, trust: trusted, strangersCheckout: undefined, ca: undefined };
  const remoteFound = { ...known, access: "credentials", source: "the test", ...remote } as const;
  const settings = settingsOf({ "remote-registry": prefix, ...inputs });
  return makePlan(settings, foundWith({ remoteRegistry: remoteFound, ...found }), draw);
}

type Case = [Partial<FoundRemoteRegistry>, Record<string, string>, "remote" | "local" | "error"];

describe("where images go", () => {
  test.each<Case>([
    // Credentials are there.
    [{ trust: trusted }, {}, "remote"],
    [{ trust: queue }, {}, "remote"],
    [{ trust: fork }, {}, "remote"],
    [{ trust: target }, {}, "remote"],
    // None, and none are asked for.
    [{ access: "open" }, {}, "remote"],
    [{ access: "open", trust: fork }, {}, "remote"],
    // None, and the registry asks.
    [{ access: "missing" }, {}, "error"],
    [{ access: "missing", trust: queue }, {}, "error"],
    [{ access: "missing", trust: target }, {}, "error"],
    [{ access: "missing", trust: fork }, {}, "local"],
    [{ access: "missing", trust: dependabot }, {}, "local"],
    [{ access: "missing" }, { "on-missing-credentials": "local" }, "local"],
    [{ access: "missing", trust: fork }, { "on-missing-credentials": "fail" }, "error"],
    [{ access: "missing", trust: fork }, { strategy: "remote-registry" }, "error"],
    [{ access: "missing" }, { strategy: "remote-registry", "on-missing-credentials": "local" }, "error"],
    // None, and the registry did not tell: the trial while going up does.
    [{ access: "unknown" }, {}, "remote"],
    [{ access: "unknown", trust: fork }, {}, "local"],
    // A fork's code beside the secrets.
    [{ trust: target, strangersCheckout }, {}, "local"],
    [{ trust: target, strangersCheckout }, { "on-missing-credentials": "fail" }, "error"],
    [{ trust: target, strangersCheckout }, { strategy: "remote-registry" }, "remote"],
    [{ trust: target, strangersCheckout, access: "open" }, {}, "remote"],
  ])("%j with %j: %s", (remote, inputs, expected) => {
    if (expected === "error") return expect(() => plan(remote, inputs)).toThrow(EnvironmentError);
    const { registry, standIn } = plan(remote, inputs);
    expect({ registry: registry.kind, notice: standIn !== undefined }).toEqual(
      expected === "remote" ? { registry: "remote", notice: false } : { registry: "container", notice: true },
    );
  });
});

test("the choice says why", () => {
  const why = (remote: Partial<FoundRemoteRegistry>) =>
    plan(remote).choices.find(({ what }) => /^(strategy|remote registry)$/.test(what))?.why;
  expect(why({})).toContain("with credentials from the test");
  expect(why({ access: "open" })).toContain("asks for no credentials");
  const missing = why({ access: "missing", source: "reg.example asks for a password", trust: fork });
  expect(missing).toMatch(/reg\.example asks for a password.*the fork a\/b/);
});

test("the code of a fork under pull_request_target is warned of, with or without credentials", () => {
  const withheld = plan({ trust: target, strangersCheckout });
  expect(withheld.warnings.join()).toMatch(/checked out in \/work.*are withheld/);
  const insists = plan({ trust: target, strangersCheckout }, { strategy: "remote-registry" });
  expect(insists.warnings.join()).toMatch(/gives the cluster's nodes the registry's credentials/);
  expect(plan({ trust: target }).warnings).toEqual([]);
});

test("with a remote registry nothing of the local one's name is in the way", () => {
  const found = { registryContainer: containerWith() };
  expect(plan({}, {}, found).registry.kind).toBe("remote");
  expect(() => plan({ access: "missing", trust: fork }, {}, found)).toThrow(/another registry-name/);
});

test.each<[string, Partial<FoundRemoteRegistry>, string, boolean]>([
  ["a login, where there is none", { access: "open" }, "/var/lib/kubelet/config.json", true],
  ["a login, where there is one", {}, "/var/lib/kubelet", false],
  ["how a public registry is reached", {}, "/etc/containerd/certs.d", true],
  ["how a private one is reached", { ca: "PEM" }, "/etc/containerd/certs.d", false],
])("the user's own mount for %s", (_, remote, containerPath, allowed) => {
  const nodes = `[{extraMounts: [{hostPath: /mine, containerPath: ${containerPath}}]}]`;
  const text = `{kind: Cluster, apiVersion: kind.x-k8s.io/v1alpha4, nodes: ${nodes}}`;
  const userConfig = { source: "config", text };
  const planned = () => plan(remote, {}, { userConfig });
  if (allowed) expect(planned().registry.kind).toBe("remote");
  else expect(planned).toThrow(/an extraMounts entry for/);
});

test("no secret is in the plan", () => {
  const secrets = { "remote-registry-username": "user", "remote-registry-password": "canary-4711" };
  const text = JSON.stringify(plan({}, { ...secrets, token: "canary-token" }));
  expect(text).toContain(prefix);
  expect(text).not.toContain("canary");
});

import { expect, test } from "vitest";
import { collectEvidence } from "../../../src/report/evidence.ts";
import { reportFailure } from "../../../src/report/failure.ts";
import { EnvironmentError, UsageError } from "../../../src/support/errors.ts";
import type { Logger } from "../../../src/support/logger.ts";
import { fakeDocker } from "../docker/fake-docker.ts";

function recorder() {
  const folded: Record<string, string> = {};
  const logger = {
    folded: (title: string, text: string) => {
      folded[title] = text;
    },
  } as unknown as Logger;
  return { logger, folded };
}

const account = { tried: "create the cluster", seen: "exit code 1: it is broken", todo: "mend it" };

test("a failure names what was tried, seen and to do, with the likeliest lines; the rest is folded", () => {
  const { logger, folded } = recorder();
  const scene = [
    { title: "kubelet of a", text: "all is well\nfailed to run Kubelet: swap is on\nexiting" },
    { title: "registry", text: 'level=info msg="error is only a word here"' },
    { title: "kind", text: "exit code 1: it is broken" },
  ];
  const text = reportFailure(new EnvironmentError(account), scene, logger);
  expect(text).toContain(
    "Could not create the cluster.\n  Seen: exit code 1: it is broken\n  To do: mend it",
  );
  expect(text).toContain("kubelet of a: failed to run Kubelet: swap is on");
  expect(text).not.toContain("only a word");
  // What the message says already is not said twice.
  expect(text.match(/it is broken/g)).toHaveLength(1);
  expect(Object.keys(folded)).toEqual(["kubelet of a", "registry", "kind"]);
});

test("a user's mistake is no defect, and anything unforeseen is one", () => {
  const { logger } = recorder();
  const mistake = new UsageError([{ input: "wait", given: "soon", allowed: "a duration" }]);
  expect(reportFailure(mistake, [], logger)).not.toContain("defect");
  expect(reportFailure(new TypeError("x is undefined"), [], logger)).toMatch(
    /defect of this action[\s\S]*x is undefined/,
  );
});

test("evidence: the nodes' words, events, the registry's log; a look that is refused is left out", async () => {
  const { docker } = fakeDocker([
    [/^docker ps/, { stdout: "1 kind-control-plane control-plane\n" }],
    [/journalctl/, { stdout: "kubelet says no" }],
    [/^docker logs --tail 30 kind-control-plane/, { stderr: "booted" }],
    [/get events/, { code: 1, stderr: "error: no admin.conf" }],
    [/kind-registry/, { stdout: "listening" }],
  ]);
  const evidence = await collectEvidence(docker, {
    cluster: "kind",
    registry: "kind-registry",
    tunnelLog: "/not/there",
  });
  expect(evidence).toEqual([
    { title: "kubelet of kind-control-plane", text: "kubelet says no" },
    { title: "boot log of kind-control-plane", text: "booted" },
    { title: "registry kind-registry", text: "listening" },
  ]);
});

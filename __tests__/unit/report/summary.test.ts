import { expect, test } from "vitest";
import { makePlan } from "../../../src/plan/make-plan.ts";
import { outputsOf } from "../../../src/report/outputs.ts";
import { summaryOf } from "../../../src/report/summary.ts";
import { foundWith, settingsOf } from "../plan/world.ts";

const draw = { owner: "abcdefabcdef", now: new Date("2026-01-31T12:00:00Z") };
const tool = (version: string) => ({ path: "/x", version, source: "download" as const, ms: 1 });
const brought = {
  reach: { way: "tunnel" as const, why: "localhost:5001 refuses connections" },
  registry: { name: "kind-registry", port: 5001, owner: draw.owner },
  kind: tool("v0.33.0"),
  kubectl: tool("v1.34.4"),
  kubernetesVersion: "v1.34.4",
};

test("outputs tell what is there", () => {
  const plan = makePlan(settingsOf(), foundWith(), draw);
  expect(outputsOf(plan, brought)).toMatchObject({
    strategy: "remote-docker",
    registry: "localhost:5001",
    "registry-in-cluster": "kind-registry:5000",
    "buildkitd-config": "/temp/kind-ci/abcdefabcdef/buildkitd.toml",
    "buildx-driver-opts": "network=host",
    "image-tag": "run-4711-1-abcdefabcdef",
  });
});

test("without a registry its outputs are empty", () => {
  const plan = makePlan(settingsOf({ registry: "false" }), foundWith(), draw);
  const outputs = outputsOf(plan, { ...brought, registry: undefined });
  for (const name of ["registry", "registry-in-cluster", "buildkitd-config", "buildx-driver-opts"] as const)
    expect(outputs[name]).toBe("");
});

test("the summary shows choices with reasons, versions and times", () => {
  const plan = makePlan(settingsOf(), foundWith({ imageReason: "a | b" }), draw);
  const text = summaryOf(
    plan,
    outputsOf(plan, brought),
    [{ name: "cluster", from: 500, to: 12_500 }],
    13_000,
  );
  expect(text).toContain("### kind cluster `kind` in 13.0 s");
  expect(text).toContain("a \\| b");
  expect(text).toContain("| Kubernetes | v1.34.4 |");
  expect(text).toContain("| cluster | 12.0 s | 500 ms | 12.5 s |");
});

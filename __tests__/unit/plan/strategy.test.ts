import { expect, test } from "vitest";
import type { RegistryPlan } from "../../../src/plan/plan.ts";
import { choiceOfReach, strategyOf } from "../../../src/plan/strategy.ts";

const beside: RegistryPlan = { kind: "container", name: "kind-registry", port: { from: 5000 }, images: [] };
const remote: RegistryPlan = {
  kind: "remote",
  registry: {
    prefix: "reg.example/team",
    host: "reg.example",
    path: "team",
    plainHttp: false,
    origin: "https://reg.example",
  },
  ca: undefined,
  deleteImages: [],
};
const why = "what the trial saw";

test.each([
  [beside, "direct", "vm-local"],
  [{ kind: "none" }, "direct", "vm-local"],
  [beside, "tunnel", "remote-docker"],
  [{ kind: "none" }, "tunnel", "remote-docker"],
  [remote, "direct", "remote-registry"],
  [remote, "tunnel", "remote-registry"],
] as const)("a registry %j, reached by the way %s: %s", (registry, way, strategy) => {
  expect(strategyOf(registry, { way, why })).toBe(strategy);
});

test("the trial decides the strategy, and beside a remote registry only the way", () => {
  expect(choiceOfReach(beside, { way: "tunnel", why })).toEqual({
    what: "strategy",
    chosen: "remote-docker",
    why,
  });
  expect(choiceOfReach(remote, { way: "tunnel", why })).toEqual({ what: "reach", chosen: "tunnel", why });
});

import { expect, it } from "vitest";
import { fromInputs } from "../../../src/settings/from-inputs.ts";

it("reads the variables that the runner sets, trimmed, without the empty ones", () => {
  const env = {
    "INPUT_CLUSTER-NAME": " ci\n",
    INPUT_CONFIG: "kind: Cluster\nnodes: []\n",
    INPUT_KUBECONFIG: "  ",
    INPUT_TOKEN: undefined,
    INPUT_REGISTRY_PORT: "not as the runner writes it",
    INPUT_UNKNOWN: "not an input",
    "cluster-name": "not an input's variable",
  };
  expect(fromInputs(env)).toStrictEqual({ "cluster-name": "ci", config: "kind: Cluster\nnodes: []" });
});

import { expect, test } from "vitest";
import { awaitReady, type Readiness } from "../../../src/resources/readiness.ts";
import { TimeoutError } from "../../../src/support/errors.ts";
import { fakeRunner } from "../docker/fake-docker.ts";

const wanted: Readiness = {
  kubectl: "kubectl",
  kubeconfig: "/k",
  nodes: ["ci-control-plane", "ci-worker"],
  withoutCni: false,
  within: 60_000,
  env: {},
};

const nodes = (worker: string) => ({ stdout: `ci-control-plane   True\nci-worker   ${worker}\n` });
const account = { stdout: "serviceaccount/default\n" };

test("ready when every node is and the default service account is there", async () => {
  const { runner } = fakeRunner([
    [/get nodes --watch/, nodes("True")],
    [/get serviceaccounts/, account],
  ]);
  await expect(awaitReady(wanted, runner)).resolves.toBeUndefined();
});

test("time over names what is missing, with the node's own reason", async () => {
  const condition = { type: "Ready", status: "False", message: "cni plugin not initialized" };
  const list = { items: [{ metadata: { name: "ci-worker" }, status: { conditions: [condition] } }] };
  const { runner } = fakeRunner([
    [/get nodes --watch/, nodes("False")],
    [/get nodes --output=json/, { stdout: JSON.stringify(list) }],
  ]);
  const waiting = awaitReady({ ...wanted, within: 300 }, runner);
  await expect(waiting).rejects.toBeInstanceOf(TimeoutError);
  await expect(waiting).rejects.toThrow(
    /node ci-worker is not Ready \(cni plugin not initialized\); the default service account is not there/,
  );
});

test("without a CNI it is enough that all nodes have registered", async () => {
  const { runner } = fakeRunner([[/get nodes --watch/, nodes("False")]]);
  await expect(awaitReady({ ...wanted, withoutCni: true }, runner)).resolves.toBeUndefined();
});

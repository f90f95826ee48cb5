import { beforeEach, expect, test } from "vitest";
import { type EngineApi, EngineError } from "../../../src/docker/engine-api.ts";
import { Ledger } from "../../../src/ledger.ts";
import { joinKindNetwork, leaveNetwork } from "../../../src/resources/membership.ts";
import { silentLogger } from "../../../src/support/logger.ts";
import { fakeDocker } from "../docker/fake-docker.ts";
import { newFolder } from "../new-folder.ts";

const container = { id: "ours", name: "job", networks: ["github_network_1"] };
/** Docker 20.10. */
const old = { apiVersion: "1.41" };
const recorded = { resource: "membership", network: "kind", container: "ours" };

let ledger: Ledger;
beforeEach(async () => {
  const folder = await newFolder("kind-ci", "abcdefabcdef");
  ledger = await Ledger.open(folder, {
    owner: "abcdefabcdef",
    cluster: "kind",
    dockerEnv: {},
    main: undefined,
  });
});

test("it joins, and the ledger knew it before", async () => {
  let before: unknown;
  const { docker } = fakeDocker([
    [
      /network connect kind ours/,
      () => {
        before = ledger.content.entries;
        return {};
      },
    ],
  ]);
  expect(await joinKindNetwork(container, old, { docker, ledger, logger: silentLogger })).toBe(true);
  expect(before).toEqual([recorded]);
  expect(ledger.content.entries).toEqual([recorded]);
});

test("one that is on it by somebody else's wish stays on it after us", async () => {
  const { docker, lines } = fakeDocker([
    [/network connect/, { code: 1, stderr: "endpoint with name job already exists in network kind" }],
  ]);
  const deps = { docker, ledger, logger: silentLogger };
  expect(await joinKindNetwork({ ...container, networks: ["kind"] }, old, deps)).toBe(true);
  expect(lines()).toEqual([]);
  expect(await joinKindNetwork(container, old, deps)).toBe(true);
  expect(ledger.content.entries).toEqual([]);
});

test("where Docker refuses, another way is gone; the intent stays, for what may have become of it", async () => {
  const { docker } = fakeDocker([
    [/network connect/, { code: 1, stderr: "container sharing network namespace cannot be connected" }],
  ]);
  expect(await joinKindNetwork(container, old, { docker, ledger, logger: silentLogger })).toBe(false);
  expect(ledger.content.entries).toEqual([recorded]);
});

test.each([
  ["it left already", "Error response from daemon: container ours is not connected to network kind", true],
  ["the container is gone", "Error response from daemon: No such container: ours", true],
  ["the network is gone", "Error response from daemon: network kind not found", true],
  ["the daemon refuses", "Error response from daemon: device is busy", false],
])("leaving when %s", async (_name, stderr, fine) => {
  const { docker } = fakeDocker([[/network disconnect kind ours/, { code: 1, stderr }]]);
  const left = leaveNetwork(docker, { network: "kind", container: "ours" });
  await (fine ? expect(left).resolves.toBeUndefined() : expect(left).rejects.toThrow("device is busy"));
});

/** A daemon that says this, and the calls it got. */
function daemon(refusal?: EngineError) {
  const calls: unknown[] = [];
  const api: EngineApi = {
    call: async (...call) => {
      calls.push(call);
      if (refusal !== undefined) throw refusal;
    },
    hijack: () => Promise.reject(new Error("not asked for")),
  };
  return { calls, findApi: async () => api };
}

test.each([
  ["1.41", false],
  ["1.47", false],
  ["1.48", true],
  ["1.56", true],
  ["unknown", false],
])("with API %s it joins as what is not the way out: %s", async (apiVersion, aside) => {
  const { docker, lines } = fakeDocker([[/network connect kind ours/, {}]]);
  const { calls, findApi } = daemon();
  const deps = { docker, ledger, logger: silentLogger };
  expect(await joinKindNetwork(container, { apiVersion }, deps, findApi)).toBe(true);
  const body = { Container: "ours", EndpointConfig: { GwPriority: -1 } };
  expect(calls).toEqual(aside ? [["POST", "/networks/kind/connect", body]] : []);
  expect(lines()).toEqual(aside ? [] : ["network connect kind ours"]);
  expect(ledger.content.entries).toEqual([recorded]);
});

test("an endpoint that only the docker command can use is joined by it", async () => {
  const { docker, lines } = fakeDocker([[/network connect kind ours/, {}]]);
  const deps = { docker, ledger, logger: silentLogger };
  expect(await joinKindNetwork(container, { apiVersion: "1.56" }, deps, async () => undefined)).toBe(true);
  expect(lines()).toEqual(["network connect kind ours"]);
});

test.each([
  ["endpoint with name job already exists in network kind", true, []],
  ["container sharing network namespace cannot be connected", false, [recorded]],
])("a daemon that says “%s”", async (message, joined, entries) => {
  const { docker } = fakeDocker([]);
  const { findApi } = daemon(new EngineError(403, message));
  const deps = { docker, ledger, logger: silentLogger };
  expect(await joinKindNetwork(container, { apiVersion: "1.56" }, deps, findApi)).toBe(joined);
  expect(ledger.content.entries).toEqual(entries);
});

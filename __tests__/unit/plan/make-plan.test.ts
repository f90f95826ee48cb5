import { describe, expect, test } from "vitest";
import { labels } from "../../../src/docker/labels.ts";
import type { Found } from "../../../src/plan/found.ts";
import { makePlan } from "../../../src/plan/make-plan.ts";
import { ConflictError, UsageError } from "../../../src/support/errors.ts";
import { containerWith, foundWith, recordWith, settingsOf } from "./world.ts";

const draw = { owner: "abcdefabcdef", now: new Date("2026-01-31T12:00:00Z") };

const plan = (inputs: Record<string, string> = {}, found: Partial<Found> = {}) =>
  makePlan(settingsOf(inputs), foundWith(found), draw);

/** The error that planning ends with. */
function refusal(inputs: Record<string, string>, found: Partial<Found>): Error {
  try {
    plan(inputs, found);
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("it was planned");
}

const deadRecord = {
  record: recordWith({ madeNetwork: true }),
  standing: "dead-job-of-this-runner",
} as const;
const theirRecord = { record: recordWith(), standing: "somebody-else" } as const;
const ownRecord = { record: recordWith({ cluster: "first" }), standing: "this-job" } as const;
const started = Date.parse(deadRecord.record.started);
const node = { id: "1", name: "kind-control-plane", role: "control-plane", created: started + 20_000 };
const oneDay = 24 * 60 * 60 * 1000;

describe("on an empty machine", () => {
  test("names, files and versions follow from what was asked and found", () => {
    const made = plan();
    expect(made).toMatchObject({
      owner: draw.owner,
      cluster: { name: "kind", context: "kind-kind", wait: 120_000 },
      registry: { kind: "container", name: "kind-registry", port: { from: 5000 } },
      kindVersion: "v0.33.0",
      kubectlVersion: "v1.34.4",
      imageTag: "run-4711-1-abcdefabcdef",
      makesNetwork: true,
      leftovers: [],
      files: { folder: "/temp/kind-ci/abcdefabcdef", jobKubeconfig: "/temp/kind-ci/kubeconfig" },
    });
    expect(made.record).toMatchObject({ volume: "kind-ci-abcdefabcdef", madeNetwork: true, run: "4711" });
  });

  test("each choice has its reason", () => {
    for (const { what, chosen, why } of plan().choices) {
      expect(chosen, what).not.toBe("");
      expect(why, what).not.toBe("");
    }
  });

  test("a second source is there for the default registry image alone", () => {
    expect(plan().registry).toMatchObject({ images: ["registry:3", expect.stringContaining("ghcr.io/")] });
    expect(plan({ "registry-image": "mine:1" }).registry).toMatchObject({ images: ["mine:1"] });
  });

  test("registry: false means none", () => {
    expect(plan({ registry: "false" }).registry).toEqual({ kind: "none" });
  });

  test("without a runner the tag is unique all the same", () => {
    const job = { ...foundWith().job, run: "", attempt: "" };
    expect(plan({}, { job }).imageTag).toBe("local-abcdefabcdef");
  });

  test("kubectl's version: the given one, else the image's, else the node's", () => {
    expect(plan({ "kubectl-version": "v1.33.1" }).kubectlVersion).toBe("v1.33.1");
    const image = { reference: "own/node", digest: undefined, kubernetesVersion: undefined };
    expect(plan({}, { image }).kubectlVersion).toBeUndefined();
  });

  test("a network that is there is not ours", () => {
    expect(plan({}, { networkExists: true })).toMatchObject({
      makesNetwork: false,
      record: { madeNetwork: false },
    });
  });

  test("low limits and a tag without a digest are said", () => {
    const limits = { diskFree: 1024 ** 3, inotifyWatches: 8192, inotifyInstances: 128 };
    const made = plan({}, { limits, imageNotice: "No digest is known" });
    expect(made.warnings.join("\n")).toMatch(/1\.0 GB free[\s\S]*max_user_watches[\s\S]*max_user_instances/);
    expect(made.notices).toContain("No digest is known");
  });

  const low = { diskFree: 1024 ** 3, inotifyWatches: 8192, inotifyInstances: 128 };
  const { engine } = foundWith();
  test.each([
    ["tcp to this very machine", { address: "tcp://10.0.0.7:2376" }, 3],
    ["a socket that is forwarded from another machine", { engine: { ...engine, name: "far" } }, 0],
    ["a machine of the same name with another kernel", { engine: { ...engine, kernel: "5.15.0" } }, 0],
    ["its twin with more memory", { engine: { ...engine, memory: 16 * 1024 ** 3 } }, 0],
    ["a daemon that does not tell", { engine: { ...engine, name: "", kernel: "" } }, 0],
    [
      "ssh to another machine",
      { address: "unix:///temp/docker.sock", engine: { ...engine, name: "far", kernel: "5.15.0" } },
      0,
    ],
  ])("limits of this machine are told of the daemon's alone: %s", (_, found, warnings) => {
    expect(plan({}, { limits: low, ...found }).warnings).toHaveLength(warnings);
  });
});

describe("names that are taken", () => {
  test.each<[string, Record<string, string>, Partial<Found>, RegExp]>([
    ["nodes that nobody of us made", {}, { nodes: [node] }, /kind-control-plane[\s\S]*another cluster-name/],
    [
      "nodes that were made long after the dead job whose record is still there",
      {},
      { nodes: [{ ...node, created: started + oneDay }], records: [deadRecord] },
      /nodes of that name \(kind-control-plane\) that no run of this action made/,
    ],
    [
      "somebody else's cluster",
      {},
      { nodes: [node], records: [theirRecord] },
      /repository else\/where, run 99 \(attempt 2\), job build[\s\S]*docker volume rm/,
    ],
    ["a record without nodes yet", {}, { records: [theirRecord] }, /else\/where/],
    [
      "an earlier step's cluster",
      { "cluster-name": "first" },
      { records: [ownRecord] },
      /an earlier step of this job made a cluster of that name/,
    ],
    [
      "a foreign container of the registry's name",
      {},
      { registryContainer: containerWith() },
      /registry:3[\s\S]*another registry-name/,
    ],
    [
      "a given port that is in use",
      { "registry-port": "5005" },
      { registryPortTaken: true },
      /127\.0\.0\.1:5005[\s\S]*another registry-port/,
    ],
    [
      "a context of that name in the user's kubeconfig",
      { kubeconfig: "/home/me/.kube/config" },
      { foreignContext: true },
      /kind-kind[\s\S]*\/home\/me/,
    ],
  ])("%s: refused, and nothing is planned", (_, inputs, found, words) => {
    const error = refusal(inputs, found);
    expect(error).toBeInstanceOf(ConflictError);
    expect(error.message).toMatch(words);
  });

  test("what a dead job of this runner left is replaced, and its network is taken over", () => {
    const made = plan({}, { nodes: [node], records: [deadRecord], networkExists: true });
    expect(made.leftovers).toEqual([deadRecord.record]);
    expect(made.makesNetwork).toBe(true);
  });

  test("a dead job's cluster of another name is left alone, unless its registry is in the way", () => {
    const other = { ...deadRecord, record: recordWith({ cluster: "other" }) };
    expect(plan({}, { records: [other] }).leftovers).toEqual([]);
    const registryContainer = containerWith({ labels: { [labels.owner]: other.record.owner } });
    expect(plan({}, { records: [other], registryContainer }).leftovers).toEqual([other.record]);
  });
});

describe("the registry of an earlier step", () => {
  const labelled = { labels: { [labels.owner]: ownRecord.record.owner } };

  test("is shared", () => {
    const registryContainer = containerWith({
      ...labelled,
      ports: { "5000/tcp": { address: "127.0.0.1", port: 5007 } },
    });
    expect(
      plan(
        { "cluster-name": "second", "registry-name": "kind-registry" },
        { registryContainer, records: [ownRecord] },
      ).registry,
    ).toEqual({
      kind: "shared",
      name: "kind-registry",
      port: 5007,
      owner: ownRecord.record.owner,
    });
  });

  test("that does not run is refused", () => {
    const registryContainer = containerWith({ ...labelled, running: false });
    expect(
      refusal(
        { "cluster-name": "second", "registry-name": "kind-registry" },
        { registryContainer, records: [ownRecord] },
      ).message,
    ).toMatch(/it does not run[\s\S]*docker logs/);
  });
});

describe("a daemon that is elsewhere", () => {
  const twoControlPlanes = "nodes: [{role: control-plane}, {role: control-plane}]";
  const header = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n";
  const userConfig = { source: "the input config", text: header + twoControlPlanes };

  test.each(["tcp://10.0.0.7:2376", "ssh://build@far", "tcp://docker:2375"])(
    "Docker at %s chooses the API server's port itself, and cannot have two control planes",
    (address) => {
      const planned = plan({}, { address });
      expect(planned.cluster.config.yaml).toContain("apiServerPort: -1");
      expect(planned.reach).toEqual({ looksLocal: false, constraint: "as-found", jobContainer: undefined });
      const error = refusal({}, { address, userConfig });
      expect(error).toBeInstanceOf(UsageError);
      expect(error.message).toMatch(
        /2 control planes; allowed: one, where Docker's loopback is not this job's/,
      );
    },
  );

  test("a job container's daemon is elsewhere, whatever its address; its kernel and its limits are ours", () => {
    const jobContainer = { id: "c0ffee", name: "job", networks: ["github_network_1"] };
    const limits = { diskFree: undefined, inotifyWatches: 8192, inotifyInstances: undefined };
    const machine = { ...foundWith().machine, name: "c0ffee" };
    const planned = plan({}, { jobContainer, limits, machine });
    expect(planned.reach).toEqual({ looksLocal: false, constraint: "as-found", jobContainer });
    expect(planned.cluster.config.yaml).toContain("apiServerPort: -1");
    expect(planned.warnings).toHaveLength(1);
  });

  test("one that looks local keeps kind's choice and any number of control planes", () => {
    const planned = plan({}, { userConfig });
    expect(planned.cluster.config.yaml).not.toContain("apiServerPort");
    expect(planned.reach.looksLocal).toBe(true);
  });

  test.each([
    ["vm-local", "must-be-ours"],
    ["remote-docker", "must-be-elsewhere"],
    ["auto", "as-found"],
  ])("strategy: %s constrains: %s", (strategy, constraint) => {
    expect(plan({ strategy }, {}).reach.constraint).toBe(constraint);
  });
});

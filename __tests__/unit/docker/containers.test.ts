import { expect, test } from "vitest";
import { inspectContainer, kindNodes, registryRunArgs } from "../../../src/docker/containers.ts";
import { removed, saysRegistryBusy } from "../../../src/docker/docker.ts";
import { fakeDocker } from "./fake-docker.ts";

test("the registry is published on loopback only, and answers with its owner", () => {
  const args = registryRunArgs({
    name: "kind-registry",
    image: "registry:3",
    port: 5001,
    owner: "abcdefabcdef",
    cluster: "kind",
    evidenceHeader: "X-Owner",
  });
  expect(args.filter((arg) => arg.startsWith("--publish"))).toEqual(["--publish=127.0.0.1:5001:5000"]);
  expect(args.join(" ")).toContain('"X-Owner":["abcdefabcdef"]');
  expect(args.at(-1)).toBe("registry:3");
});

test("a container is read from docker's answer; one that is not there is undefined", async () => {
  const found = {
    Id: "c0ffee",
    Name: "/kind-registry",
    Created: "2026-01-31T12:00:00Z",
    State: { Running: true, Status: "running", ExitCode: 0 },
    HostConfig: { NetworkMode: "default" },
    Config: { Image: "registry:3", Labels: null },
    NetworkSettings: {
      Ports: { "5000/tcp": [{ HostIp: "127.0.0.1", HostPort: "5003" }], "80/tcp": null },
      Networks: { bridge: {} },
    },
  };
  const { docker } = fakeDocker([
    [/inspect kind-registry$/, { stdout: JSON.stringify([found]) }],
    [/./, { code: 1 }],
  ]);
  expect(await inspectContainer(docker, "kind-registry")).toEqual({
    id: "c0ffee",
    name: "kind-registry",
    created: "2026-01-31T12:00:00Z",
    running: true,
    image: "registry:3",
    labels: {},
    mounts: [],
    networks: ["bridge"],
    networkMode: "default",
    ports: { "5000/tcp": { address: "127.0.0.1", port: 5003 } },
  });
  expect(await inspectContainer(docker, "other")).toBeUndefined();
});

test("kind's nodes are found by kind's own label", async () => {
  const stdout =
    "1 ci-control-plane control-plane 2026-01-31 13:00:00 +0100 CET\n2 ci-worker worker 2026-01-31 12:00:01 +0000 UTC\n";
  const { docker, lines } = fakeDocker([[/ps/, { stdout }]]);
  expect(await kindNodes(docker, "ci")).toEqual([
    { id: "1", name: "ci-control-plane", role: "control-plane", created: Date.UTC(2026, 0, 31, 12) },
    { id: "2", name: "ci-worker", role: "worker", created: Date.UTC(2026, 0, 31, 12, 0, 1) },
  ]);
  expect(lines()[0]).toContain("label=io.x-k8s.kind.cluster=ci");
});

test("a digest that holds 429 is not the registry's word that it is busy", () => {
  const said = (stderr: string) => ({
    argv: ["docker"] as const,
    code: 1,
    signal: undefined,
    stdout: "",
    stderr,
  });
  expect(saysRegistryBusy(said("manifest for x@sha256:a4290c500f not found"))).toBe(false);
  expect(saysRegistryBusy(said("unexpected status: 429 Too Many Requests"))).toBe(true);
});

test.each([
  ["Error: No such container: x", true],
  ["Error response from daemon: network kind not found", true],
  ["Error response from daemon: container x is not connected to network kind", true],
  ["Error response from daemon: device is busy", false],
  ["Error: No such container: x\nError: No such container: y", true],
  ["Error: No such container: x\nError response from daemon: device is busy", false],
  ["WARNING: Error loading config file\nError: No such container: x", true],
])("removing, docker says “%s”: success %s", async (stderr, success) => {
  const { docker } = fakeDocker([[/./, { code: 1, stderr }]]);
  const removal = removed(docker, ["rm", "x"]);
  if (success) await expect(removal).resolves.toBeUndefined();
  else await expect(removal).rejects.toThrow("by hand: docker rm x");
});

import { expect, test } from "vitest";
import { createVolumeArgs, ownerVolumes } from "../../../src/docker/volumes.ts";
import { fakeDocker } from "./fake-docker.ts";

test("a volume is created with each label as one argument, whatever is in it", () => {
  expect(createVolumeArgs("kind-ci-abc", { a: "one two", b: "", c: "x=y" })).toEqual([
    "volume",
    "create",
    "--label=a=one two",
    "--label=b=",
    "--label=c=x=y",
    "kind-ci-abc",
  ]);
});

test("only volumes with our label are looked at, all in one call", async () => {
  const labelled = [
    { Name: "kind-ci-abc", Labels: { "io.kind-ci-action.owner": "abc" } },
    { Name: "kind-ci-def", Labels: null },
  ];
  const { docker, lines } = fakeDocker([
    [/volume ls .*label=io\.kind-ci-action\.owner$/, { stdout: "kind-ci-abc\nkind-ci-def\n" }],
    [/volume inspect kind-ci-abc kind-ci-def$/, { stdout: JSON.stringify(labelled) }],
  ]);
  expect(await ownerVolumes(docker)).toEqual([
    { name: "kind-ci-abc", labels: { "io.kind-ci-action.owner": "abc" } },
    { name: "kind-ci-def", labels: {} },
  ]);
  expect(lines()).toHaveLength(2);
});

test("where there is none, docker is not asked about none", async () => {
  const { docker, lines } = fakeDocker();
  expect(await ownerVolumes(docker)).toEqual([]);
  expect(lines()).toHaveLength(1);
});

test("one that went away meanwhile hides no other", async () => {
  const left = JSON.stringify([{ Name: "kind-ci-def", Labels: {} }]);
  const { docker } = fakeDocker([
    [/volume ls/, { stdout: "kind-ci-abc\nkind-ci-def\n" }],
    [/volume inspect/, { code: 1, stdout: left, stderr: "no such volume: kind-ci-abc" }],
  ]);
  expect(await ownerVolumes(docker)).toEqual([{ name: "kind-ci-def", labels: {} }]);
});

test("a daemon that does not tell its volumes is an error, not “none”", async () => {
  const { docker } = fakeDocker([[/volume ls/, { code: 1, stderr: "Cannot connect to the Docker daemon" }]]);
  await expect(ownerVolumes(docker)).rejects.toThrow("Cannot connect");
});

test("nor is a daemon that goes away between the two calls", async () => {
  const { docker } = fakeDocker([
    [/volume ls/, { stdout: "kind-ci-abc\n" }],
    [/volume inspect/, { code: 1, stdout: "[]\n", stderr: "Cannot connect to the Docker daemon" }],
  ]);
  await expect(ownerVolumes(docker)).rejects.toThrow("Cannot connect");
});

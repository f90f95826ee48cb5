import { expect, test } from "vitest";
import { removeCluster } from "../../../src/resources/cluster.ts";
import { fakeDocker } from "../docker/fake-docker.ts";

const unkillable =
  "Error response from daemon: Could not kill running container 0a07, cannot remove - tried to kill container, but did not receive an exit event";

test("a node that cannot be killed is thawed by a container of its own image, and removed then", async () => {
  let thawed = false;
  const { docker, lines } = fakeDocker([
    [/^docker ps/, { stdout: "0a07 kind-control-plane control-plane\n" }],
    [/^docker rm/, () => (thawed ? {} : { code: 1, stderr: unkillable })],
    [/^docker container inspect/, { stdout: "sha256:abc\n" }],
    [
      /^docker run --rm .*--cgroupns=host .*sha256:abc .*THAWED.* 0a07$/,
      () => {
        thawed = true;
        return {};
      },
    ],
  ]);
  await removeCluster(docker, "kind");
  expect(lines().map((line) => line.split(" ")[0])).toEqual(["ps", "rm", "container", "run", "rm"]);
});

test("another refusal is passed on, and nothing is thawed", async () => {
  const { docker, lines } = fakeDocker([
    [/^docker ps/, { stdout: "0a07 kind-control-plane control-plane\n" }],
    [/^docker rm/, { code: 1, stderr: 'driver "overlay2" failed to remove root filesystem' }],
  ]);
  await expect(removeCluster(docker, "kind")).rejects.toThrow("overlay2");
  expect(lines().some((line) => line.startsWith("run"))).toBe(false);
});

import { expect, test } from "vitest";
import { idsInTraces, readTraces } from "../../../src/environment/own-container.ts";

const ours = "a".repeat(64);
const outer = "b".repeat(64);
const layer = "c".repeat(64);
const mount = (root: string, target: string) =>
  `1093 1068 254:0 ${root} ${target} rw,relatime - ext4 /dev/vda rw`;

test.each([
  [
    "Docker's own mounts name it, wherever its data folder is",
    {
      mountinfo: [
        `900 800 0:51 / / rw - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/${layer}/diff`,
        mount(`/containers/${ours}/resolv.conf`, "/etc/resolv.conf"),
        mount(`/var/lib/docker/containers/${ours}/hostname`, "/etc/hostname"),
      ].join("\n"),
    },
    [ours],
  ],
  [
    "what the daemon's host has mounted of its containers is not where it is itself",
    { mountinfo: mount("/", `/var/lib/docker/containers/${outer}/mounts/shm`) },
    [],
  ],
  ["cgroup v1", { cgroup: `11:memory:/docker/${ours}\n0::/` }, [ours]],
  [
    "in a container of a container: the inner one",
    { cgroup: `4:pids:/docker/${outer}/docker/${ours}` },
    [ours],
  ],
  ["a host name as Docker gives it", { hostname: "0123456789ab" }, ["0123456789ab"]],
  ["the same, once", { cgroup: `1:cpu:/docker/${ours}`, hostname: ours.slice(0, 12) }, [ours]],
  [
    "each that is told, the mounts' first: with another's network they differ",
    { mountinfo: mount(`/containers/${outer}/hosts`, "/etc/hosts"), cgroup: `1:cpu:/docker/${ours}` },
    [outer, ours],
  ],
  ["a machine's name", { hostname: "runner-1" }, []],
])("%s", (_name, traces, ids) => {
  expect(idsInTraces({ mountinfo: "", cgroup: "", hostname: "machine", ...traces })).toEqual(ids);
});

test("they can be read here", async () => {
  const { mountinfo, hostname } = await readTraces();
  expect(hostname).not.toBe("");
  if (process.platform === "linux") expect(mountinfo).toContain(" / ");
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { findContainerAroundUs } from "../../../src/docker/own-container.ts";
import { fakeDocker } from "./fake-docker.ts";

const inspected = (id: string, networkMode = "github_network_1", running = true) =>
  JSON.stringify([
    {
      Id: id,
      Name: `/${id}-name`,
      Created: "2026-01-31T12:00:00Z",
      State: { Running: running, Status: "running", ExitCode: 0 },
      HostConfig: { NetworkMode: networkMode },
      Mounts: [{ Type: "bind", Source: `/of/${id}`, Destination: "/__w" }],
      Config: { Image: "debian", Labels: null },
      NetworkSettings: { Ports: {}, Networks: { [networkMode]: {} } },
    },
  ]);
const yes = () => Promise.resolve(true);

test("the one in which what the daemon starts reaches our loopback", async () => {
  const { docker, lines } = fakeDocker([
    [/inspect of-another-daemon/, { code: 1, stderr: "Error: No such container" }],
    [/inspect (\w+)$/, (line) => ({ stdout: inspected(line.split(" ").at(-1) ?? "") })],
  ]);
  const found = await findContainerAroundUs(docker, ["of-another-daemon", "around", "ours"], (_, id) =>
    Promise.resolve(id === "ours"),
  );
  expect(found).toMatchObject({
    network: { id: "ours", name: "ours-name", networks: ["github_network_1"] },
    mounts: [{ source: "/of/ours", destination: "/__w" }],
  });
  expect(lines()).toHaveLength(3);
});

test("none: a container that does not run", async () => {
  const { docker } = fakeDocker([[/inspect/, { stdout: inspected("ours", "bridge", false) }]]);
  expect(await findContainerAroundUs(docker, ["ours"], yes)).toBeUndefined();
});

test("on the host's network: the container is known, and there is none to join another network", async () => {
  const { docker } = fakeDocker([[/inspect/, { stdout: inspected("ours", "host") }]]);
  const mounts = [{ source: "/of/ours", destination: "/__w" }];
  expect(await findContainerAroundUs(docker, ["ours"], yes)).toEqual({ mounts, network: undefined });
});

test("with another container's network it is that one, and the mounts are of the one that we are in", async () => {
  const { docker } = fakeDocker([
    [/inspect ours/, { stdout: inspected("ours", "container:other") }],
    [/inspect other/, { stdout: inspected("other") }],
  ]);
  expect(await findContainerAroundUs(docker, ["ours"], yes)).toMatchObject({
    network: { id: "other" },
    mounts: [{ source: "/of/ours" }],
  });
});

test("the knock: the program that the daemon is asked to start comes to our loopback with the word", async () => {
  const knocking = (change: (args: string[]) => string[]) => {
    const { docker } = fakeDocker([[/inspect/, { stdout: inspected("ours") }]]);
    const run: typeof docker.run = async (args, options) => {
      if (args[0] !== "exec") return docker.run(args, options);
      const [program = "", ...rest] = change(args.slice(2));
      const [code] = (await once(spawn(program, rest), "close")) as [number];
      return { argv: ["docker", ...args], code, signal: undefined, stdout: "", stderr: "" };
    };
    return findContainerAroundUs({ ...docker, run }, ["ours"]);
  };
  expect(await knocking((args) => args)).toMatchObject({ network: { id: "ours" } });
  expect(await knocking((args) => [...args.slice(0, -1), "another word"])).toBeUndefined();
  expect(await knocking(() => ["false"])).toBeUndefined();
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { findOwnContainer } from "../../../src/docker/own-container.ts";
import { fakeDocker } from "./fake-docker.ts";

const inspected = (id: string, networkMode = "github_network_1", running = true) =>
  JSON.stringify([
    {
      Id: id,
      Name: `/${id}-name`,
      Created: "2026-01-31T12:00:00Z",
      State: { Running: running, Status: "running", ExitCode: 0 },
      HostConfig: { NetworkMode: networkMode },
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
  const found = await findOwnContainer(docker, ["of-another-daemon", "around", "ours"], (_, id) =>
    Promise.resolve(id === "ours"),
  );
  expect(found).toMatchObject({ id: "ours", name: "ours-name", networks: ["github_network_1"] });
  expect(lines()).toHaveLength(3);
});

test.each([
  ["on the host's network", inspected("ours", "host")],
  ["that does not run", inspected("ours", "bridge", false)],
])("none: a container %s", async (_name, stdout) => {
  const { docker } = fakeDocker([[/inspect/, { stdout }]]);
  expect(await findOwnContainer(docker, ["ours"], yes)).toBeUndefined();
});

test("with another container's network it is that one", async () => {
  const { docker } = fakeDocker([
    [/inspect ours/, { stdout: inspected("ours", "container:other") }],
    [/inspect other/, { stdout: inspected("other") }],
  ]);
  expect((await findOwnContainer(docker, ["ours"], yes))?.id).toBe("other");
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
    return findOwnContainer({ ...docker, run }, ["ours"]);
  };
  expect(await knocking((args) => args)).toMatchObject({ id: "ours" });
  expect(await knocking((args) => [...args.slice(0, -1), "another word"])).toBeUndefined();
  expect(await knocking(() => ["false"])).toBeUndefined();
});

import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { Ledger } from "../../../src/ledger.ts";
import type { RegistryPlan } from "../../../src/plan/plan.ts";
import { createRegistry, removeOwnedContainers } from "../../../src/resources/registry.ts";
import { ConflictError, StoppedError } from "../../../src/support/errors.ts";
import { silentLogger } from "../../../src/support/logger.ts";
import { CommandError } from "../../../src/support/process-runner.ts";
import { fakeDocker } from "../docker/fake-docker.ts";
import { newFolder } from "../new-folder.ts";
import { quickClock } from "../quick-clock.ts";

const owner = "abcdefabcdef";
let ledger: Ledger;
beforeEach(async () => {
  const folder = await newFolder("kind-ci", owner);
  ledger = await Ledger.open(folder, { owner, cluster: "kind", dockerEnv: {}, main: undefined });
});

type Port = Extract<RegistryPlan, { kind: "container" }>["port"];

/** Creates a registry on a daemon that answers so. */
async function create(port: Port, answers: Parameters<typeof fakeDocker>[0]) {
  const { docker, lines } = fakeDocker([...(answers ?? []), [/container inspect/, { code: 1 }]]);
  const notices: string[] = [];
  const logger = { ...silentLogger, notice: (text: string) => void notices.push(text) };
  const plan = { kind: "container", name: "kind-registry", port, images: ["registry:3"] } as const;
  const deps = { docker, ledger, logger, clock: quickClock() };
  const created = createRegistry(plan, { owner, cluster: "kind" }, deps);
  const settled = await created.then(
    (registry) => ({ registry, error: undefined }),
    (error: unknown) => ({ registry: undefined, error }),
  );
  return { ...settled, lines: lines(), notices };
}

/** What docker says of a container of the registry's name. */
const container = (labels: Record<string, string>) =>
  JSON.stringify([
    {
      Id: "c0ffee",
      Name: "/kind-registry",
      Created: "2026-01-31T12:00:00Z",
      State: { Running: false, Status: "created", ExitCode: 0 },
      HostConfig: { NetworkMode: "default" },
      Config: { Image: "registry:3", Labels: labels },
      NetworkSettings: { Ports: {}, Networks: {} },
    },
  ]);

const portTaken = { code: 125, stderr: "failed: port is already allocated" };
const removals = (lines: readonly string[]) => lines.filter((line) => line.startsWith("rm "));
const published = (lines: readonly string[]) =>
  lines.flatMap((line) => /^run .*--publish=127\.0\.0\.1:(\d+):/.exec(line)?.[1] ?? []).map(Number);

/** A port of our loopback that somebody listens on until the test is over. */
async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("unreachable");
  return address.port;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("unreachable");
  return address.port;
}

describe("creating", () => {
  test("the ledger has the registry before it is made, and then its id", async () => {
    const port = await freePort();
    let before: unknown;
    const { registry, notices } = await create({ from: port }, [
      [
        /^docker run/,
        () => {
          before = ledger.content.entries;
          return { stdout: "c0ffee\n" };
        },
      ],
    ]);
    expect(before).toEqual([{ resource: "registry", name: "kind-registry" }]);
    expect(ledger.content.entries).toEqual([{ resource: "registry", name: "kind-registry", id: "c0ffee" }]);
    expect(registry).toEqual({ name: "kind-registry", port, owner });
    expect(notices).toEqual([]);
  });

  test("a port that somebody listens on is passed over, with a notice of the one taken", async () => {
    const taken = await takenPort();
    const { registry, lines, notices } = await create({ from: taken }, []);
    expect(registry?.port).toBeGreaterThan(taken);
    expect(published(lines)).toEqual([registry?.port]);
    expect(notices).toEqual([
      `Port ${taken} is taken; the registry is at localhost:${registry?.port}. Use the output “registry”.`,
    ]);
  });

  test("so is one that only the daemon knows to be taken; its container that did not start is removed", async () => {
    const port = await freePort();
    const { registry, lines } = await create({ from: port }, [
      [new RegExp(`^docker run .*:${port}:`), portTaken],
      [/container inspect kind-registry/, { stdout: container({ "io.kind-ci-action.owner": owner }) }],
    ]);
    expect(registry?.port).toBeGreaterThan(port);
    expect(removals(lines)).toEqual(["rm --force --volumes c0ffee"]);
  });

  test.each([
    ["nobody's", {}],
    ["another run's", { "io.kind-ci-action.owner": "fedcbafedcba" }],
  ])("a container of that name that is %s is never removed", async (_, labels) => {
    const port = await freePort();
    const { lines } = await create({ given: port }, [
      [/^docker run/, portTaken],
      [/container inspect/, { stdout: container(labels) }],
    ]);
    expect(removals(lines)).toEqual([]);
  });

  test("a given port that is taken is an error, and no other is tried", async () => {
    const taken = await takenPort();
    const { error, lines } = await create({ given: taken }, []);
    expect(error).toBeInstanceOf(ConflictError);
    expect(String(error)).toMatch(new RegExp(`port ${taken} is taken[\\s\\S]*another registry-port`));
    expect(published(lines)).toEqual([]);
  });

  test("when all ports are taken the search ends", async () => {
    const port = await freePort();
    const { error, lines } = await create({ from: port }, [[/^docker run/, portTaken]]);
    expect(error).toBeInstanceOf(ConflictError);
    expect(String(error)).toContain(`all ports from ${port} to ${port + 99} are taken`);
    expect(published(lines).length).toBeLessThanOrEqual(100);
  });

  test("a name that was taken meanwhile is an error that says what to give; nothing is removed", async () => {
    const taken = 'Conflict. The container name "/kind-registry" is already in use by container "c0ffee".';
    const { error, lines } = await create({ from: await freePort() }, [
      [/^docker run/, { code: 125, stderr: taken }],
    ]);
    expect(error).toBeInstanceOf(ConflictError);
    expect(String(error)).toContain("another registry-name");
    expect(removals(lines)).toEqual([]);
  });

  test("once post has begun no further port is tried", async () => {
    const { error, lines } = await create({ from: await freePort() }, [
      [
        /^docker run/,
        () => {
          writeFileSync(join(dirname(ledger.path), "stop"), "");
          return portTaken;
        },
      ],
    ]);
    expect(error).toBeInstanceOf(StoppedError);
    expect(published(lines)).toHaveLength(1);
  });

  test("what else docker refuses is passed on in its own words, and tried once", async () => {
    const { error, lines } = await create({ from: await freePort() }, [
      [/^docker run/, { code: 127, stderr: "exec: serve: not found" }],
    ]);
    expect(error).toBeInstanceOf(CommandError);
    expect(String(error)).toContain("exec: serve: not found");
    expect(published(lines)).toHaveLength(1);
  });
});

describe("removing", () => {
  test("takes all containers of that owner, with their anonymous volumes, and looks at no other", async () => {
    const { docker, lines } = fakeDocker([[/^docker ps/, { stdout: "one\ntwo\n" }]]);
    await removeOwnedContainers(docker, owner);
    expect(lines()[0]).toContain(`label=io.kind-ci-action.owner=${owner}`);
    expect(removals(lines())).toEqual(["rm --force --volumes one two"]);
  });

  test("where there is none nothing is removed", async () => {
    const { docker, lines } = fakeDocker();
    await removeOwnedContainers(docker, owner);
    expect(removals(lines())).toEqual([]);
  });
});

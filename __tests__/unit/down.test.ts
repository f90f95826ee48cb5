import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type Belongings, belongingsOf, belongingsOfRecord, down } from "../../src/down.ts";
import { Ledger } from "../../src/ledger.ts";
import { systemClock } from "../../src/support/clock.ts";
import { identify, lives } from "../../src/support/process-identity.ts";
import { processesMarked } from "../../src/support/processes.ts";
import { fakeDocker } from "./docker/fake-docker.ts";
import { newFolder } from "./new-folder.ts";
import { recordWith } from "./plan/world.ts";
import { quickClock } from "./quick-clock.ts";

let folder: string;
beforeEach(async () => {
  folder = await newFolder("kind-ci", "abcdefabcdef");
});

const everything = (): Belongings => ({
  owner: "abcdefabcdef",
  cluster: "kind",
  madeNetwork: true,
  contexts: [],
  record: "kind-ci-abcdefabcdef",
  memberships: [],
  folder,
  main: undefined,
  children: [],
  tunnel: undefined,
});

/** A daemon that has one node, one registry, the network and the record, until they are removed. */
function daemon(refusing?: RegExp) {
  const there = new Set(["node", "registry", "network", "record"]);
  const removing = (what: string) => (line: string) => {
    if (refusing?.test(line) === true) return { code: 1, stderr: "device is busy" };
    there.delete(what);
    return {};
  };
  const listing = (what: string, line: string) => () => ({ stdout: there.has(what) ? line : "" });
  const { docker, lines } = fakeDocker([
    [/ps .*io\.x-k8s\.kind\.cluster=kind/, listing("node", "n1 kind-control-plane control-plane\n")],
    [/ps .*owner=abcdefabcdef/, listing("registry", "r1\n")],
    [/rm --force --volumes n1/, removing("node")],
    [/rm --force --volumes r1/, removing("registry")],
    [/network rm kind/, removing("network")],
    [
      /network disconnect kind gone/,
      { code: 1, stderr: "Error response from daemon: No such container: gone" },
    ],
    [/volume rm kind-ci-abcdefabcdef/, removing("record")],
    [/volume ls/, () => ({ stdout: there.has("other") ? "kind-ci-other\n" : "" })],
    [
      /volume inspect kind-ci-other/,
      () => ({ stdout: JSON.stringify([{ Name: "kind-ci-other", Labels: {} }]) }),
    ],
  ]);
  return { docker, there, lines };
}

/** A main that starts a marked program in a group of its own with each turn, and says so once. */
const startingForEver = `
  const { spawn } = require("node:child_process");
  const env = { ...process.env, KIND_CI_OWNER: "abcdefabcdef" };
  let count = 0;
  const turn = () => {
    spawn("sleep", ["600"], { detached: true, stdio: "ignore", env }).unref();
    if (++count === 3) console.log("at work");
    setTimeout(turn, 3);
  };
  turn();
`;

const before = { existed: true, current: "" };

describe("down", () => {
  test("removes everything, the record after all else, and the folders", async () => {
    const { docker, there, lines } = daemon();
    expect(await down(everything(), { docker, clock: quickClock() })).toEqual([]);
    expect([...there]).toEqual([]);
    const removals = lines().filter((line) => / rm |^rm /.test(line));
    expect(removals.at(-1)).toContain("volume rm");
    expect(removals.findIndex((line) => line.includes("network rm"))).toBe(removals.length - 2);
    expect(existsSync(folder)).toBe(false);
  });

  test("the network stays while another owner record is on the daemon", async () => {
    const { docker, there } = daemon();
    there.add("other");
    expect(await down(everything(), { docker, clock: quickClock() })).toEqual([]);
    expect([...there].sort()).toEqual(["network", "other"]);
  });

  test("the job's container leaves the network before that goes; a container that is gone is fine", async () => {
    const { docker, lines } = daemon();
    const memberships = [
      { network: "kind", container: "job" },
      { network: "kind", container: "gone" },
    ];
    expect(await down({ ...everything(), memberships }, { docker, clock: quickClock() })).toEqual([]);
    const left = lines().indexOf("network disconnect kind job");
    expect(left).toBeGreaterThan(-1);
    expect(left).toBeLessThan(lines().indexOf("network rm kind"));
  });

  test("a network that was there before is not touched", async () => {
    const { docker, there } = daemon();
    await down({ ...everything(), madeNetwork: false }, { docker, clock: quickClock() });
    expect([...there]).toEqual(["network"]);
  });

  test("one removal that fails does not stop the others; the record and the folder stay, and it is said how by hand", async () => {
    const { docker, there } = daemon(/--volumes r1/);
    const failures = await down(everything(), { docker, clock: quickClock() });
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(
      /the registry could not be removed[\s\S]*device is busy[\s\S]*By hand: docker rm/,
    );
    expect(there.has("node")).toBe(false);
    expect(there.has("record")).toBe(true);
    expect(existsSync(folder)).toBe(true);
  });

  test("what is gone already is fine, also twice", async () => {
    const { docker } = fakeDocker([
      [/^docker (rm|volume rm|network rm)/, { code: 1, stderr: "Error response from daemon: x not found" }],
    ]);
    const clock = quickClock();
    expect(await down(everything(), { docker, clock })).toEqual([]);
    expect(await down(everything(), { docker, clock })).toEqual([]);
  });

  test("only the own context goes out of a kubeconfig", async () => {
    const file = join(folder, "..", "kubeconfig");
    const entry = (name: string) => ({
      clusters: { name, cluster: {} },
      users: { name, user: {} },
      contexts: { name, context: { cluster: name, user: name } },
    });
    const both = [entry("kind-kind"), entry("theirs")];
    const config = {
      clusters: both.map(({ clusters }) => clusters),
      users: both.map(({ users }) => users),
      contexts: both.map(({ contexts }) => contexts),
    };
    await writeFile(file, JSON.stringify(config));
    const { docker } = daemon();
    const contexts = [{ name: "kind-kind", file, before }];
    expect(await down({ ...everything(), contexts }, { docker, clock: quickClock() })).toEqual([]);
    const text = await readFile(file, "utf8");
    expect(text).toContain("theirs");
    expect(text).not.toContain("kind-kind");
  });

  test("a main that goes on starting programs is ended, and all that it started", async () => {
    const main = spawn(process.execPath, ["-e", startingForEver], { stdio: ["ignore", "pipe", "ignore"] });
    onTestFinished(() => void main.kill("SIGKILL"));
    await once(main.stdout, "data");
    const { docker } = daemon();
    const ours = { ...everything(), main: await identify(main.pid ?? 0) };
    // Real time: a child that main began as it was killed has its mark only once it runs its program.
    expect(await down(ours, { docker, clock: systemClock })).toEqual([]);
    expect(await lives(ours.main ?? { pid: 0, startTime: "" })).toBe(false);
    expect(await processesMarked("KIND_CI_OWNER", ours.owner)).toEqual([]);
  });

  test("after something was still at work, a second look finds what the daemon made of its last word", async () => {
    const child = spawn("sleep", ["600"], { detached: true, stdio: "ignore" });
    onTestFinished(() => void child.kill("SIGKILL"));
    const { docker, there } = daemon();
    const clock = quickClock();
    const children = [await identify(child.pid ?? 0)].filter((identity) => identity !== undefined);
    there.delete("node");
    const late = {
      ...clock,
      sleep: (ms: number) => {
        if (clock.slept.length === 0) there.add("node");
        return clock.sleep(ms);
      },
    };
    expect(await down({ ...everything(), children }, { docker, clock: late })).toEqual([]);
    expect(clock.slept).not.toEqual([]);
    expect([...there]).toEqual([]);
  });

  test("a record alone is enough to go by", async () => {
    const record = recordWith({ volume: "kind-ci-abcdefabcdef", owner: "abcdefabcdef", madeNetwork: true });
    const { docker, there, lines } = daemon();
    expect(await down(belongingsOfRecord(record), { docker, clock: quickClock() })).toEqual([]);
    expect([...there]).toEqual([]);
    expect(lines().join("\n")).not.toContain("network disconnect");
  });

  test("a record of a job container: it leaves kind's network first, else that could not be removed", async () => {
    const { docker, lines } = daemon();
    const record = recordWith({ owner: "abcdefabcdef", madeNetwork: true, jobContainer: "c0ffee" });
    expect(await down(belongingsOfRecord(record), { docker, clock: quickClock() })).toEqual([]);
    const asked = lines().filter((line) => line.startsWith("network"));
    expect(asked.indexOf("network disconnect kind c0ffee")).toBe(0);
    expect(asked).toContain("network rm kind");
  });
});

test("a ledger tells what belongs to the use", async () => {
  const ledger = await Ledger.open(folder, {
    owner: "abcdefabcdef",
    cluster: "kind",
    dockerEnv: {},
    main: { pid: 1, startTime: "2" },
  });
  await ledger.intend({ resource: "owner-record", name: "kind-ci-abcdefabcdef" });
  await ledger.intend({ resource: "network", name: "kind" });
  await ledger.intend({ resource: "cluster", name: "kind" });
  await ledger.intend({ resource: "context", name: "kind-kind", file: "/x", before });
  await ledger.child({ pid: 7, startTime: "8" });
  expect(belongingsOf(ledger.content, ledger.path)).toEqual({
    ...everything(),
    contexts: [{ name: "kind-kind", file: "/x", before }],
    main: { pid: 1, startTime: "2" },
    children: [{ pid: 7, startTime: "8" }],
  });
});

import { beforeEach, describe, expect, test } from "vitest";
import { Ledger, readLedger, setStopMark } from "../../../src/ledger.ts";
import { makePlan } from "../../../src/plan/make-plan.ts";
import { createCluster, removeCluster, removeNetwork, watchNodes } from "../../../src/resources/cluster.ts";
import { ConflictError, StoppedError } from "../../../src/support/errors.ts";
import { silentLogger } from "../../../src/support/logger.ts";
import type { RunOptions } from "../../../src/support/process-runner.ts";
import { fakeDocker, fakeRunner } from "../docker/fake-docker.ts";
import { newFolder } from "../new-folder.ts";
import { foundWith, settingsOf } from "../plan/world.ts";

const owner = "abcdefabcdef";
const { cluster } = makePlan(settingsOf({ "cluster-name": "ci" }), foundWith(), { owner, now: new Date(0) });
const files = { kind: "/tools/kind", nodeImage: "kindest/node:v1.34.4", kubeconfig: "/temp/kubeconfig" };

let folder: string;
let ledger: Ledger;
beforeEach(async () => {
  folder = await newFolder("kind-ci", owner);
  ledger = await Ledger.open(folder, { owner, cluster: "ci", dockerEnv: {}, main: undefined });
});

/** Creates the cluster with a kind that answers so. */
async function create(answer: { code?: number; stderr?: string } = {}, { debugging = false } = {}) {
  const { runner, lines } = fakeRunner([[/./, answer]]);
  let options: RunOptions | undefined;
  let before: unknown;
  const watched = {
    ...runner,
    run: (...[argv, given]: Parameters<typeof runner.run>) => {
      options = given;
      before = ledger.content.entries;
      return runner.run(argv, given);
    },
  };
  const logger = { ...silentLogger, debugging };
  const { docker } = fakeDocker();
  await createCluster(cluster, files, { MARK: "1" }, { runner: watched, docker, ledger, logger });
  return { line: lines[0] ?? "", options, before };
}

describe("kind", () => {
  test("gets name, image, its own kubeconfig, and the configuration on stdin", async () => {
    const { line, options } = await create();
    expect(line).toBe(
      "/tools/kind create cluster --name ci --image kindest/node:v1.34.4 --kubeconfig /temp/kubeconfig --config - --retain",
    );
    expect(options).toMatchObject({ env: { MARK: "1" }, input: cluster.config.yaml });
  });

  test("is asked for more words in the runner's debug mode", async () => {
    expect((await create({}, { debugging: true })).line).toMatch(/--retain --verbosity [1-9]/);
  });

  test("is in the ledger before it runs, and does not run once post has begun", async () => {
    expect((await create()).before).toEqual([{ resource: "cluster", name: "ci" }]);
    await setStopMark(folder);
    await expect(create()).rejects.toBeInstanceOf(StoppedError);
  });
});

describe("kind's failure comes with its words and what to do", () => {
  test.each([
    [
      "json: cannot unmarshal array into Go struct field APIServer.extraArgs of type map",
      /extraArgs is a map/,
    ],
    ["ERROR: failed to create cluster: failed to pull image x", /node image's name/],
    ["exhausted attempts trying to find a non-overlapping subnet", /docker network prune/],
    ['could not find a log line that matches "Reached target"', /systemd did not come up/],
    ["failed to lock config file: open config.lock: file exists", /\.lock/],
    [
      "ERROR: failed to create cluster: failed to init node with kubeadm: command failed",
      /kubelet's last words/,
    ],
    [
      "ERROR: failed to create cluster: failed to join node with kubeadm: command failed",
      /kubelet's last words/,
    ],
    ["something new", /kind's output/],
  ])("%s", async (stderr, todo) => {
    const failure = create({ code: 1, stderr });
    await expect(failure).rejects.toThrow(stderr);
    await expect(failure).rejects.toThrow(todo);
  });
});

test.each([
  'ERROR: failed to create cluster: node(s) already exist for a cluster with the name "ci"',
  'docker: Error response from daemon: Conflict. The container name "/ci-control-plane" is already in use by container "c0ffee".',
])("nodes that somebody made meanwhile are not in the ledger, so nobody removes them: %s", async (stderr) => {
  const failure = create({ code: 1, stderr });
  await expect(failure).rejects.toBeInstanceOf(ConflictError);
  await expect(failure).rejects.toThrow(/another cluster-name[\s\S]*kind delete cluster --name ci/);
  expect((await readLedger(ledger.path))?.entries).toEqual([]);
});

test("after any other failure of kind's its nodes are in the ledger", async () => {
  await expect(create({ code: 1, stderr: "failed to init node with kubeadm" })).rejects.toThrow();
  expect((await readLedger(ledger.path))?.entries).toEqual([{ resource: "cluster", name: "ci" }]);
});

describe("watching for nodes", () => {
  test("tells of each of this cluster as its container starts", async () => {
    const { docker, lines } = fakeDocker([[/events/, { stdout: "ci-control-plane\nci-worker" }]]);
    const seen: string[] = [];
    await watchNodes(docker, "ci", (name) => seen.push(name), new AbortController().signal);
    expect(seen).toEqual(["ci-control-plane", "ci-worker"]);
    expect(lines()[0]).toMatch(/^events .*--filter=event=start --filter=label=io\.x-k8s\.kind\.cluster=ci /);
  });

  test("ends quietly when it is told to, and with a failure otherwise", async () => {
    const failing = () => Promise.reject(new Error("enough"));
    const docker = { ...fakeDocker().docker, run: failing };
    await expect(watchNodes(docker, "ci", () => {}, AbortSignal.abort())).resolves.toBeUndefined();
    await expect(watchNodes(docker, "ci", () => {}, new AbortController().signal)).rejects.toThrow("enough");
  });
});

describe("removing a cluster", () => {
  test("takes its nodes by id, with their volumes", async () => {
    const { docker, lines } = fakeDocker([
      [/^docker ps/, { stdout: "1 ci-control-plane control-plane\n2 ci-worker worker\n" }],
    ]);
    await removeCluster(docker, "ci");
    expect(lines().at(-1)).toBe("rm --force --volumes 1 2");
  });

  test("without nodes does nothing; a daemon that does not tell them is an error", async () => {
    const none = fakeDocker();
    await removeCluster(none.docker, "ci");
    expect(none.lines()).toHaveLength(1);
    const { docker } = fakeDocker([[/./, { code: 1, stderr: "Cannot connect" }]]);
    await expect(removeCluster(docker, "ci")).rejects.toThrow("Cannot connect");
  });
});

describe("removing kind's network", () => {
  const remove = async (onIt: object, rm: object = {}) => {
    const { docker, lines } = fakeDocker([
      [/ps --all .*network=kind/, onIt],
      [/network rm/, rm],
    ]);
    await removeNetwork(docker);
    return lines().filter((line) => line.startsWith("network rm"));
  };

  test("happens when nobody is on it", async () => {
    expect(await remove({ stdout: "\n" })).toEqual(["network rm kind"]);
  });

  test("does not happen while somebody is on it, running or stopped; gone is fine", async () => {
    expect(await remove({ stdout: "c0ffee\n" })).toEqual([]);
    await remove({}, { code: 1, stderr: "network kind not found" });
  });

  test("is left to whoever came on meanwhile; another refusal is an error with how to do it by hand", async () => {
    await remove({ stdout: "\n" }, { code: 1, stderr: "network kind has active endpoints" });
    await expect(remove({ stdout: "\n" }, { code: 1, stderr: "permission denied" })).rejects.toThrow(
      /permission denied[\s\S]*docker network rm kind/,
    );
  });
});

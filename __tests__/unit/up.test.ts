import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { dockerCommand } from "../../src/docker/docker.ts";
import { Ledger, readLedger, setStopMark } from "../../src/ledger.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { StoppedError } from "../../src/support/errors.ts";
import { silentLogger } from "../../src/support/logger.ts";
import type { ProcessRunner } from "../../src/support/process-runner.ts";
import { Timeline } from "../../src/timeline.ts";
import { up } from "../../src/up.ts";
import { fakeRunner } from "./docker/fake-docker.ts";
import { newFolder } from "./new-folder.ts";
import { foundWith, settingsOf } from "./plan/world.ts";
import { quickClock } from "./quick-clock.ts";
import { type FakeApiServer, fakeApiServer } from "./resources/api-server.ts";

const owner = "abcdefabcdef";
const nodes = ["ci-control-plane", "ci-worker"];
const config =
  "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes: [{ role: control-plane }, { role: worker }]\n";
/** What kind writes: with the server and the authority that we look for. */
function contextText(): string {
  const cluster = {
    server: `https://127.0.0.1:${apiServer.port}`,
    "certificate-authority-data": Buffer.from(apiServer.authority).toString("base64"),
  };
  return JSON.stringify({
    clusters: [{ name: "kind-ci", cluster }],
    users: [{ name: "kind-ci", user: {} }],
    contexts: [{ name: "kind-ci", context: { cluster: "kind-ci", user: "kind-ci" } }],
  });
}

let apiServer: FakeApiServer;
beforeAll(async () => {
  apiServer = await fakeApiServer();
});
afterAll(() => apiServer.close());

/** Registry of ours on loopback: a listener that answers with our owner id. */
async function registryPort(): Promise<number> {
  const server = createServer((_, response) => response.writeHead(200, { "X-Kind-Ci-Owner": owner }).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("unreachable");
  return address.port;
}

let folder: string;
let ledger: Ledger;
beforeEach(async () => {
  folder = await newFolder("kind-ci", owner);
  ledger = await Ledger.open(folder, { owner, cluster: "ci", dockerEnv: {}, main: undefined });
});

/** A plan for two nodes, with the registry that an earlier step of the job made, or with none. */
async function planFor(inputs: Record<string, string> = {}): Promise<Plan> {
  const { job } = foundWith();
  const settings = settingsOf({ "cluster-name": "ci", config, wait: "0", ...inputs });
  const found = foundWith({
    job: { ...job, folder: folder.slice(0, -owner.length - 1) },
    userConfig: { source: "the input config", text: config },
  });
  const plan = makePlan(settings, found, { owner, now: new Date(0) });
  if (plan.registry.kind === "none") return plan;
  return { ...plan, registry: { kind: "shared", name: "kind-registry", port: await registryPort(), owner } };
}

type Answers = NonNullable<Parameters<typeof fakeRunner>[0]>;

/**
 * A machine on which kind runs until it is let go, and the daemon tells of the nodes meanwhile. `lines` are the
 * commands as they began.
 */
function machine(answers: Answers = [], started: readonly string[] = nodes) {
  const { runner, lines } = fakeRunner([
    ...answers,
    [/^docker ps/, { stdout: nodes.map((name) => `id ${name} ${name.slice(3)}\n`).join("") }],
  ]);
  let letGo: () => void = () => {};
  const released = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const run: ProcessRunner["run"] = async (argv, options) => {
    if (argv[1] === "events") {
      lines.push(argv.join(" "));
      for (const node of started) options?.onStdoutLine?.(node);
      return new Promise((_, reject) => {
        options?.signal?.addEventListener("abort", () => reject(new Error("aborted")));
      });
    }
    if (argv[1] === "create" && argv[2] === "cluster") {
      lines.push(argv.join(" "));
      await released;
      await writeFile(`${folder}/kubeconfig`, contextText());
      return { argv, code: 0, signal: undefined, stdout: "", stderr: "" };
    }
    return runner.run(argv, options);
  };
  return { runner: { run, output: runner.output }, lines, letGo: () => letGo() };
}

type Machine = ReturnType<typeof machine>;

const bringUp = (plan: Plan, { runner }: Machine, more: Partial<Parameters<typeof up>[1]> = {}) => {
  const clock = quickClock();
  return up(plan, {
    runner,
    docker: dockerCommand(runner, {}),
    ledger,
    logger: silentLogger,
    clock,
    timeline: new Timeline(clock),
    tunnel: undefined,
    remoteRegistry: undefined,
    install: (name, version) => Promise.resolve({ path: `/tools/${name}`, version, source: "path", ms: 0 }),
    restoreNodeImage: () => Promise.resolve(undefined),
    ...more,
  });
};

const startOf = (lines: readonly string[], pattern: RegExp) => lines.findIndex((line) => pattern.test(line));
/** Kind is at work still, so it was not waited for. */
const kindRuns = ({ lines }: Machine) =>
  vi.waitFor(() => expect(startOf(lines, /create cluster/)).toBeGreaterThan(0));
const wirings = (lines: readonly string[]) =>
  lines.flatMap((line) => /^docker exec --privileged --interactive (\S+) sh -s$/.exec(line)?.[1] ?? []);

test("the owner record is made before anything else, and is in the ledger before that", async () => {
  const there: unknown[] = [];
  const works = machine([
    [
      /volume create/,
      () => {
        there.push(ledger.content.entries);
        return {};
      },
    ],
  ]);
  works.letGo();
  await bringUp(await planFor({ registry: "false" }), works, {
    install: (name, version) => {
      works.lines.push(`install ${name}`);
      return Promise.resolve({ path: `/tools/${name}`, version, source: "path", ms: 0 });
    },
  });
  expect(there).toEqual([[{ resource: "owner-record", name: `kind-ci-${owner}` }]]);
  expect(works.lines[0]).toMatch(/^docker volume create /);
});

test("nothing is made when the record cannot be", async () => {
  const works = machine([[/volume create/, { code: 1, stderr: "no space left on device" }]]);
  await expect(bringUp(await planFor(), works)).rejects.toThrow("no space left");
  expect(works.lines).toHaveLength(1);
});

test("all that was made is in the ledger, so that post can take it away", async () => {
  const works = machine();
  works.letGo();
  await bringUp(await planFor(), works);
  expect((await readLedger(ledger.path))?.entries.map(({ resource }) => resource)).toEqual([
    "owner-record",
    "network",
    "cluster",
    "context",
  ]);
});

test("nodes are wired while kind still works, each once, and the registry joins their network once", async () => {
  const works = machine();
  const brought = bringUp(await planFor(), works);
  await vi.waitFor(() => expect(wirings(works.lines)).toHaveLength(2));
  works.letGo();
  await brought;
  expect(wirings(works.lines).sort()).toEqual(nodes);
  expect(works.lines.filter((line) => line.includes("network connect"))).toEqual([
    "docker network connect kind kind-registry",
  ]);
});

test("the tools come side by side with the image, and kind starts when both are there", async () => {
  const works = machine();
  works.letGo();
  let kindThere: () => void = () => {};
  const begun: string[] = [];
  const brought = bringUp(await planFor({ registry: "false" }), works, {
    install: async (name, version) => {
      begun.push(name);
      if (name === "kind") {
        await new Promise<void>((resolve) => {
          kindThere = resolve;
        });
      }
      return { path: `/tools/${name}`, version, source: "path", ms: 0 };
    },
  });
  await vi.waitFor(() => expect(startOf(works.lines, /image inspect/)).toBeGreaterThan(0));
  expect(begun).toEqual(["kind", "kubectl"]);
  expect(startOf(works.lines, /create cluster/)).toBe(-1);
  kindThere();
  await brought;
  expect(startOf(works.lines, /create cluster/)).toBeGreaterThan(0);
});

test("a node that cannot be wired ends the run while kind still works", async () => {
  const works = machine([
    [/exec --privileged --interactive ci-worker/, { code: 1, stderr: "container is not running" }],
  ]);
  await expect(bringUp(await planFor(), works)).rejects.toThrow("container is not running");
  await kindRuns(works);
});

const containerRegistry = {
  kind: "container",
  name: "kind-registry",
  port: { from: 20_000 },
  images: ["registry:3"],
} as const;
const failingRegistry: Answers = [
  [/^docker (create|run) .*registry:3/, { code: 1, stderr: "no space left on device" }],
];

test("a registry that fails ends the run while kind still works", async () => {
  const works = machine(failingRegistry);
  const plan = await planFor();
  await expect(bringUp({ ...plan, registry: containerRegistry }, works)).rejects.toThrow("no space left");
  await kindRuns(works);
});

/** What no promise's owner has heard of would end the process before anything is removed. */
function listenForUnheard(): unknown[] {
  const unheard: unknown[] = [];
  const hear = (reason: unknown) => unheard.push(reason);
  process.on("unhandledRejection", hear);
  onTestFinished(() => void process.off("unhandledRejection", hear));
  return unheard;
}
const soon = () => new Promise((resolve) => setTimeout(resolve, 20));

test("a tool that cannot be had ends the run, and no promise is left to fail unheard", async () => {
  const works = machine();
  const unheard = listenForUnheard();
  const failing = bringUp(await planFor(), works, {
    install: (name) => Promise.reject(new Error(`no ${name}`)),
    restoreNodeImage: () => Promise.reject(new Error("no image")),
  });
  await expect(failing).rejects.toThrow("no ");
  await soon();
  expect(unheard).toEqual([]);
});

test("a registry that fails before there is a node is heard of", async () => {
  const works = machine(failingRegistry, []);
  const unheard = listenForUnheard();
  const plan = await planFor();
  const failing = bringUp({ ...plan, registry: containerRegistry }, works);
  await expect(failing).rejects.toThrow("no space left");
  await soon();
  expect(unheard).toEqual([]);
});

test("once post has begun nothing more is made", async () => {
  const works = machine();
  await setStopMark(folder);
  await expect(bringUp(await planFor(), works)).rejects.toBeInstanceOf(StoppedError);
  expect(works.lines).toEqual([]);
});

test("the context comes into the job's kubeconfig and the user's, each in the ledger before", async () => {
  const works = machine();
  works.letGo();
  const file = `${folder}/user-kubeconfig`;
  const plan = await planFor({ registry: "false", kubeconfig: file });
  await bringUp(plan, works);
  for (const path of [plan.files.jobKubeconfig, file]) {
    expect(await readFile(path, "utf8")).toContain("kind-ci");
    const before = { existed: false, current: "" };
    expect(ledger.content.entries).toContainEqual({
      resource: "context",
      name: "kind-ci",
      file: path,
      before,
    });
  }
});

test("the registry is announced in the cluster, and a file for BuildKit is there", async () => {
  const works = machine();
  works.letGo();
  const plan = await planFor();
  const { registry } = await bringUp(plan, works);
  expect(works.lines).toContainEqual(expect.stringMatching(/^\/tools\/kubectl .* create .*--filename=-$/));
  expect(await readFile(plan.files.buildkitd, "utf8")).toContain(`localhost:${registry?.port}`);
});

test("where the image does not tell its version, the node is asked, and kubectl is had then", async () => {
  const works = machine([[/exec ci-control-plane cat \/kind\/version/, { stdout: "v1.33.9\n" }]]);
  works.letGo();
  const plan = await planFor({ registry: "false" });
  const image = { reference: "own/node", digest: undefined, kubernetesVersion: undefined };
  const unknown = { ...plan, kubectlVersion: undefined, cluster: { ...plan.cluster, image } };
  const { kubernetesVersion, kubectl } = await bringUp(unknown, works);
  expect([kubernetesVersion, kubectl.version]).toEqual(["v1.33.9", "v1.33.9"]);
});

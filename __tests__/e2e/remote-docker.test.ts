import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { FarMachine } from "../../script/far/machine.mjs";
import type { Job, Step } from "../../script/runner/job.mjs";
import { remainsOnBothSides, tunnelsOf } from "./harness/far.ts";
import { inputs, newJob, pushAndRun, run, use } from "./harness/jobs.ts";
import { lab, pathWithoutTools } from "./harness/machine.ts";

let far: FarMachine;
beforeAll(async () => {
  far = await FarMachine.start();
});
afterAll(() => far.end());

/** A user's way: build, push, run, look, ask by every kind of stream that kubectl has. */
async function usersPath(job: Job, { outputs }: Step): Promise<void> {
  await pushAndRun(job, { outputs });
  expect(await run(job, "kubectl exec app -- echo from the pod")).toContain("from the pod");
  expect(await run(job, "kubectl exec -i app -- cat <<< 'there and back'")).toContain("there and back");
  await run(job, "kubectl logs app");
  const forwarded = await run(
    job,
    `kubectl port-forward pod/app 18080:8080 > forward.log & forward=$!
     trap 'kill $forward' EXIT
     until grep -q Forwarding forward.log; do sleep 0.1; done
     node -e 'fetch("http://127.0.0.1:18080/").then((r) => r.text()).then(console.log)'`,
  );
  expect(forwarded).toContain("Hello from a pod.");
}

/** What pushes without Docker goes through the tunnel. */
async function cranePush(job: Job, { outputs }: Step): Promise<void> {
  if (lab.bin === undefined) return;
  const from = `${outputs["registry"]}/app:${outputs["image-tag"]}`;
  const to = `${outputs["registry"]}/copied:1`;
  await run(job, `${lab.bin}/crane pull ${from} app.tar && ${lab.bin}/crane push app.tar ${to}`);
  expect(await run(job, `${lab.bin}/crane digest ${to}`)).toContain("sha256:");
}

test("over TLS: without the tunnel the port refuses; the user's path; nothing left on either side", async () => {
  const job = newJob({ env: far.env });
  const before = remainsOnBothSides(job, far);
  const step = await use(job);
  expect(step.outputs).toMatchObject({ strategy: "remote-docker", registry: "localhost:5000" });
  expect(step.summary).toContain("| strategy | `remote-docker` |");

  const server = await run(job, "kubectl config view --minify -o jsonpath={.clusters[0].cluster.server}");
  expect(server).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  await usersPath(job, step);
  await cranePush(job, step);
  const during = remainsOnBothSides(job, far);
  expect(during.here.processes.join("\n")).toContain("tunnel-process.cjs");
  expect(during.there.containers).toEqual(["kind-control-plane", "kind-registry"]);

  // The tunnel it was: without it the ports refuse, as everything does on the far loopback. Post does not need it.
  for (const pid of tunnelsOf(job)) process.kill(pid, "SIGKILL");
  expect((await job.run("kubectl get --raw /readyz")).log).toContain("refused");
  expect((await job.run(`exec 3<>/dev/tcp/127.0.0.1/5000`)).log).toContain("refused");

  const post = await job.post(step);
  expect(post.code).toBe(0);
  expect(post.log).not.toContain("::warning::");
  expect(remainsOnBothSides(job, far)).toEqual(before);
});

test("asked for by name where Docker is here, and the other way round, each is refused in words", async () => {
  const job = newJob();
  const here = await job.use(inputs({ strategy: "remote-docker" }));
  expect(here.code).toBe(1);
  expect(here.log).toContain("Docker is not elsewhere");
  const away = newJob({ env: far.env });
  const before = remainsOnBothSides(away, far);
  const there = await away.use(inputs({ strategy: "vm-local" }));
  expect(there.code).toBe(1);
  expect(there.log).toContain("Docker's loopback is not this machine's");
  expect(remainsOnBothSides(away, far)).toEqual(before);
  await here.collected;
  await job.post(here);
});

test("a socket that looks local and is another machine's is told by evidence; the tunnel outlives restarts", async () => {
  const job = newJob({ env: { DOCKER_HOST: `unix://${far.socket}` } });
  const before = remainsOnBothSides(job, far);
  const step = await use(job);
  expect(step.outputs["strategy"]).toBe("remote-docker");
  const answers = (command: string) =>
    run(job, `for try in $(seq 240); do ${command} && exit; sleep 0.5; done; exit 1`);
  const both = async () => {
    await answers("kubectl get --raw /readyz");
    await answers("node -e 'fetch(`http://localhost:5000/v2/`).then((r) => process.exit(r.ok ? 0 : 1))'");
  };
  await both();
  // The far ends, killed; one process each, and perl is nobody else's there.
  far.docker("exec", "kind-control-plane", "pkill", "perl");
  await both();
  far.docker("restart", "--time", "0", "kind-registry");
  await both();
  far.docker("restart", "kind-control-plane");
  await both();
  await far.stopDaemon();
  await far.startDaemon();
  far.docker("start", "kind-control-plane");
  await both();

  // With its cluster it ends, also where no post comes.
  far.docker("rm", "--force", "--volumes", "kind-control-plane");
  for (let tries = 0; tunnelsOf(job).length > 0 && tries < 200; tries++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  expect(tunnelsOf(job)).toEqual([]);
  await job.post(step);
  expect(remainsOnBothSides(job, far)).toEqual(before);
});

test("docker-context with TLS: later steps get the same daemon; without a registry the API server tells", async () => {
  const job = newJob();
  const files = ["ca", "cert", "key"].map((file) => `${file}=${join(far.certificates, file)}.pem`).join(",");
  await run(job, `docker context create far --docker "host=${far.env.DOCKER_HOST},${files}"`);
  const before = remainsOnBothSides(job, far);
  const step = await use(job, { "docker-context": "far", registry: "false" });
  expect(step.outputs["strategy"]).toBe("remote-docker");
  expect(job.env).toMatchObject({ DOCKER_HOST: far.env.DOCKER_HOST, DOCKER_TLS_VERIFY: "1" });
  expect(await run(job, "docker ps --format '{{.Names}}'")).toBe("kind-control-plane\n");
  expect(await run(job, "kubectl get nodes --output name")).toBe("node/kind-control-plane\n");
  await job.post(step);
  expect(remainsOnBothSides(job, far)).toEqual(before);
});

test("ports that are taken there: the next one, or an error for one that was given", async () => {
  const squat = (port: string) =>
    far.docker(
      "run",
      "--detach",
      "--name",
      `squatter-${port}`,
      "--publish",
      `127.0.0.1:${port}:5000`,
      "registry:3",
    );
  squat("5000");
  squat("5055");
  onTestFinished(() => {
    far.docker("rm", "--force", "--volumes", "squatter-5000", "squatter-5055");
  });
  const job = newJob({ env: far.env });
  const before = remainsOnBothSides(job, far);
  const given = await job.use(inputs({ "registry-port": "5055" }));
  expect(given.code).toBe(1);
  expect(given.log).toContain("port 5055 is taken");
  expect(remainsOnBothSides(job, far)).toEqual(before);
  const step = await use(job);
  expect(step.outputs["registry"]).toBe("localhost:5001");
  await job.post(step);
  expect(remainsOnBothSides(job, far)).toEqual(before);
});

test("main killed while kind works: post leaves nothing on either side", async () => {
  const job = newJob({ env: far.env });
  const before = remainsOnBothSides(job, far);
  const { step, running } = job.start(inputs());
  await running.said(/Starting control-plane/);
  running.child.kill("SIGKILL");
  await new Promise((resolve) => running.child.once("exit", resolve));
  step.collectNow();
  const post = await job.post(step);
  expect(post.log).not.toContain("::warning::");
  expect(remainsOnBothSides(job, far)).toEqual(before);
});

describe.skipIf(!existsSync("/usr/sbin/sshd"))("over ssh", () => {
  let ssh: { path: string; address: string };
  beforeAll(() => {
    ssh = far.startSsh();
  });
  const sshJob = () => newJob({ path: [ssh.path, pathWithoutTools()].join(delimiter) });

  test("docker-host: one connection for all; the user's path; nothing left on either side", async () => {
    const job = sshJob();
    const before = remainsOnBothSides(job, far);
    const step = await use(job, { "docker-host": ssh.address });
    expect(step.outputs).toMatchObject({ strategy: "remote-docker", registry: "localhost:5000" });
    // Later steps go over the same connection.
    expect(job.env["DOCKER_HOST"]).toMatch(/^unix:\/\/.*docker\.sock$/);
    await usersPath(job, step);
    await cranePush(job, step);
    const logins = readFileSync(join(far.folder, "ssh/log"), "utf8").match(/Accepted publickey/g);
    expect(logins).toHaveLength(1);
    const post = await job.post(step);
    expect(post.code).toBe(0);
    expect(post.log).not.toContain("::warning::");
    expect(remainsOnBothSides(job, far)).toEqual(before);
  });

  test("a host key that is not known, and a key that is refused, each get ssh's word and what to do", async () => {
    const job = sshJob();
    const before = remainsOnBothSides(job, far);
    far.forgetSsh("authorized");
    const noKey = await job.use(inputs({ "docker-host": ssh.address }));
    expect(noKey.code).toBe(1);
    expect(noKey.log).toMatch(/Permission denied \(publickey.*give ssh a key/);
    far.forgetSsh("known");
    const noHost = await job.use(inputs({ "docker-host": ssh.address }));
    expect(noHost.log).toMatch(/Host key verification failed.*known_hosts/);
    expect(remainsOnBothSides(job, far)).toEqual(before);
  });
});

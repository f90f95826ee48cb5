import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { inputs, newJob, use } from "./harness/jobs.ts";
import { docker, lab } from "./harness/machine.ts";
import { refused } from "./harness/refused.ts";

async function listening(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<number> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test("bad inputs: all in one message, nothing touched", async () => {
  const log = await refused(newJob(), {
    "kubernetes-version": "1.3",
    "cluster-name": "Not_A_Name",
    wait: "soon",
    registry: "maybe",
  });
  for (const name of ["kubernetes-version", "cluster-name", "wait", "registry"]) expect(log).toContain(name);
  expect(log).toContain("1.30");
  expect(log.match(/^::error::/gm)).toHaveLength(1);
});

test("a kind configuration with an unknown field is refused with its place", async () => {
  const config =
    "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n  - role: control-plane\n    lables: {}\n";
  expect(await refused(newJob(), { config })).toMatch(/lables.*line 5/);
});

test("no docker command, and a daemon that is not there, each get their own message", async () => {
  const folder = mkdtempSync(join(tmpdir(), "path-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const without = newJob({ path: folder });
  const step = await without.use(inputs());
  expect(step.code).toBe(1);
  expect(step.log).toContain("docker");
  expect(step.log).toMatch(/no program|not installed|install docker/i);

  const log = await refused(newJob({ env: { DOCKER_HOST: "unix:///nowhere/docker.sock" } }));
  expect(log).toContain("/nowhere/docker.sock");
});

test("a daemon on another machine is refused before anything is made", async () => {
  const port = await listening((_, response) => response.writeHead(500).end());
  const log = await refused(newJob({ env: { DOCKER_HOST: `tcp://127.0.0.2:${port}` } }));
  expect(log).toContain("127.0.0.2");
});

test("a port in use and names in use are refused, and what has them stays", async () => {
  const port = await listening((_, response) => response.end());
  expect(await refused(newJob(), { "registry-port": String(port) })).toContain(`127.0.0.1:${port}`);

  docker("pull", "--quiet", "busybox");
  const foreign = (name: string, ...options: string[]) => {
    docker("run", "--detach", "--name", name, ...options, "busybox", "sleep", "600");
    onTestFinished(() => void docker("rm", "--force", "--volumes", name));
  };
  foreign("theirs");
  const registry = await refused(newJob(), { "registry-name": "theirs" });
  expect(registry).toContain("theirs");
  expect(registry).toContain("registry-name");

  foreign(
    "other-control-plane",
    "--label",
    "io.x-k8s.kind.cluster=other",
    "--label",
    "io.x-k8s.kind.role=control-plane",
  );
  const cluster = await refused(newJob(), { "cluster-name": "other" });
  expect(cluster).toContain("other-control-plane");
  expect(docker("ps", "--format", "{{.Names}}")).toContain("theirs");
});

test("a cluster of another job is not touched, and the message says whose it is", async () => {
  const theirs = newJob({ runnerName: "runner-2", runId: "4711" });
  const step = await use(theirs, { registry: "false", wait: "0" });
  const log = await refused(newJob({ runnerName: "runner-3" }));
  expect(log).toContain("4711");
  expect(log).toContain("cluster-name");
  expect(docker("ps", "--format", "{{.Names}}")).toContain("kind-control-plane");
  await theirs.post(step);
});

test.runIf(lab.mirror !== undefined)(
  "a binary with a wrong sum is not used, and nothing of it stays",
  async () => {
    const port = await listening((request, response) => {
      get(`${lab.mirror}${request.url}`, (answer) => {
        const altered = request.url?.endsWith("/kubectl") === true;
        response.writeHead(
          answer.statusCode ?? 502,
          altered ? {} : { "content-length": answer.headers["content-length"] },
        );
        if (altered) response.write("x");
        answer.pipe(response);
      });
    });
    const job = newJob();
    const log = await refused(job, { "download-mirror": `http://127.0.0.1:${port}` });
    expect(log).toMatch(/sha256/);
    expect(log).toContain("kubectl");
  },
);

test("a node that does not boot: the message has kind's error, the log has the node's words, nothing is left", async () => {
  docker("pull", "--quiet", "busybox");
  const folder = mkdtempSync(join(tmpdir(), "image-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    join(folder, "Dockerfile"),
    'FROM busybox\nENTRYPOINT ["sh", "-c", "echo ::error::injected; echo boot failed for a reason; sleep 600"]\n',
  );
  docker("build", "--quiet", "--tag", "kind-ci-test/no-node", folder);
  onTestFinished(() => void docker("rmi", "--force", "kind-ci-test/no-node"));
  const log = await refused(newJob(), {
    "node-image": "kind-ci-test/no-node",
    "kubernetes-version": "",
    "kubectl-version": "v1.34.4",
  });
  expect(log).toContain("could not find a log line that matches");
  expect(log).toContain("boot failed for a reason");
  expect(log).toMatch(/::group::.*boot log of kind-control-plane/);
  expect(log).not.toMatch(/^\s*::error::injected/m);
});

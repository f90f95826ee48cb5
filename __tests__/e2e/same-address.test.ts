import { type AddressInfo, connect, createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FarMachine } from "../../script/far/machine.mjs";
import { remainsOnBothSides } from "./harness/far.ts";
import { newJob, use } from "./harness/jobs.ts";
import { dockerHost } from "./harness/machine.ts";
import { cranePush, usersPath } from "./harness/path-without-shell.ts";

let far: FarMachine;
beforeAll(async () => {
  far = await FarMachine.start();
});
afterAll(() => far.end());

/** A port of our loopback behind which is a Docker socket, now the one and now the other. */
const relay = {
  socket: "",
  server: createServer({ allowHalfOpen: true }, (client) => {
    const daemon = connect({ path: relay.socket, allowHalfOpen: true });
    client.on("error", () => daemon.destroy());
    daemon.on("error", () => client.destroy());
    client.pipe(daemon).pipe(client);
  }),
};
beforeAll(() => new Promise<void>((resolve) => relay.server.listen({ host: "127.0.0.1", port: 0 }, resolve)));
afterAll(() => {
  relay.server.close();
});

const ourSocket = (dockerHost ?? "unix:///var/run/docker.sock").replace("unix://", "");

test.each([
  ["this machine's", () => ourSocket, "vm-local"],
  ["another machine's", () => far.socket, "remote-docker"],
])("the same tcp://127.0.0.1 address, where it is %s", async (_name, socket, strategy) => {
  relay.socket = socket();
  const { port } = relay.server.address() as AddressInfo;
  const job = newJob({ env: { DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_BUILDKIT: "0" } });
  const before = remainsOnBothSides(job, far);
  const step = await use(job);
  expect(step.outputs).toMatchObject({ strategy, registry: "localhost:5000" });
  const tunnels = remainsOnBothSides(job, far).here.processes.filter((line) =>
    line.includes("tunnel-process.cjs"),
  );
  expect(tunnels).toHaveLength(strategy === "vm-local" ? 0 : 1);
  await usersPath(job, step);
  await cranePush(job, step);
  const post = await job.post(step);
  expect(post.log).not.toContain("::warning::");
  expect(remainsOnBothSides(job, far)).toEqual(before);
});

import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FarMachine } from "../../script/far/machine.mjs";
import { pss } from "../../script/far/tunnel.mjs";
import { tunnelsOf } from "../e2e/harness/far.ts";
import { newJob, run, use } from "../e2e/harness/jobs.ts";

let far: FarMachine;
beforeAll(async () => {
  far = await FarMachine.start();
});
afterAll(() => far.end());

/** Seconds; LONG_MINUTES is for trying the test itself. */
const held = Number(process.env["LONG_MINUTES"] ?? "10") * 60;
/** Seconds that the watches go on for after that, to hear the last word. */
const more = 30;

test("a watch is held for ten minutes while other connections come and go, and misses nothing", async () => {
  const job = newJob({ env: far.env });
  const { outputs } = await use(job);
  const watch = (what: string) =>
    job.run(`timeout ${held + more} kubectl get ${what} --watch-only --output name`);
  const busy = watch("configmaps");
  const silent = watch("secrets");
  await new Promise((resolve) => setTimeout(resolve, 3000));

  const made: string[] = [];
  const memory: number[] = [];
  const until = performance.now() + held * 1000;
  for (let round = 0; performance.now() < until; round++) {
    const name = `number-${round}`;
    await run(job, `kubectl create configmap ${name} && kubectl get configmaps --output name`);
    made.push(`configmap/${name}`);
    await Promise.all(Array.from({ length: 20 }, () => blobThereAndBack(outputs["registry"] ?? "")));
    memory.push(...tunnelsOf(job).map(pss));
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  await run(job, "kubectl create secret generic last");

  // Ended by their time limit, and by nothing else.
  const [heard, last] = await Promise.all([busy, silent]);
  expect([heard.code, last.code]).toEqual([124, 124]);
  expect(last.log.trim()).toBe("secret/last");
  expect(heard.log.trim().split("\n")).toEqual(made);
  expect(Math.max(...memory)).toBeLessThanOrEqual(150);
  // Nothing piles up: in each far end its three descriptors, and at most a connection that fetch keeps for the next.
  const descriptors = far
    .docker(
      "exec",
      "kind-control-plane",
      "sh",
      "-c",
      "for pid in $(pgrep perl); do ls /proc/$pid/fd | wc -l; done",
    )
    .split("\n")
    .map(Number);
  expect(descriptors).toHaveLength(2);
  expect(Math.max(...descriptors)).toBeLessThan(3 + 25);
  process.stdout.write(`${made.length} rounds; the tunnel took ${Math.max(...memory)} MiB at most\n`);
});

/** A new blob put into the registry, and got back. */
async function blobThereAndBack(registry: string): Promise<void> {
  const content = randomBytes(200_000);
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  const base = `http://${registry}`;
  const begun = await fetch(`${base}/v2/held/blobs/uploads/`, { method: "POST" });
  const location = new URL(begun.headers.get("location") ?? "", base);
  location.searchParams.set("digest", digest);
  const headers = { "Content-Type": "application/octet-stream", Connection: "close" };
  expect((await fetch(location, { method: "PUT", headers, body: content })).status).toBe(201);
  const got = await fetch(`${base}/v2/held/blobs/${digest}`, { headers: { Connection: "close" } });
  expect(Buffer.from(await got.arrayBuffer()).equals(content)).toBe(true);
}

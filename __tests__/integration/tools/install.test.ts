import { open as openFile, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DownloadError, EnvironmentError } from "../../../src/support/errors.ts";
import type { Exchange } from "../../../src/support/exchange.ts";
import { installTool } from "../../../src/tools/install.ts";
import { body, broken, type Reply, redirect, sha256, silent, standIn, status } from "./stand-in.ts";
import type { TestClock } from "./test-clock.ts";
import { thrownBy, workshop } from "./workshop.ts";

const program = Buffer.from("#!/bin/sh\n".padEnd(300_000, "#"));
const sum = sha256(program);
const kind = { name: "kind", version: "v0.33.0" } as const;
const kindPath = "/github.com/kubernetes-sigs/kind/releases/download/v0.33.0/kind-linux-amd64";
const kindSum = `${kindPath}.sha256sum`;
const kubectl = { name: "kubectl", version: "v1.34.4" } as const;
const kubectlPath = "/dl.k8s.io/release/v1.34.4/bin/linux/amd64/kubectl";
const kindFiles = [
  "cache/kind/0.33.0/x64.complete",
  "cache/kind/0.33.0/x64/kind",
  "cache/kind/0.33.0/x64/kind.sha256",
];

/** A mirror with kind at the official path, and whatever a test puts in its place. */
const mirror = (replies: Record<string, Reply | Reply[]> = {}) =>
  standIn({
    [kindPath]: body(program),
    [kindSum]: body(`${sum}  kind-linux-amd64\n`),
    [kubectlPath]: body(program),
    [`${kubectlPath}.sha256`]: body(sum),
    ...replies,
  });

async function open(
  replies: Record<string, Reply | Reply[]> = {},
  parts: Parameters<typeof workshop>[0] = {},
) {
  const server = await mirror(replies);
  return { server, ...(await workshop({ mirror: server.base, ...parts })) };
}

test("a download: the program and its sum are asked for once, kept, and used by the next run without asking", async () => {
  const { server, deps, tools, files } = await open();
  const first = await installTool(kind, deps);
  expect(first).toMatchObject({
    version: "v0.33.0",
    source: "download",
    path: join(tools, "kind/0.33.0/x64/kind"),
  });
  expect(sha256(await readFile(first.path))).toBe(sum);
  expect((await stat(first.path)).mode & 0o777).toBe(0o755);
  expect(await files()).toEqual(kindFiles);

  const second = await installTool(kind, deps);
  expect(second).toMatchObject({ source: "tool-cache", path: first.path });
  expect(server.requests.map(({ path }) => path).sort()).toEqual([kindPath, kindSum]);
});

test("kubectl, whose sum is published bare", async () => {
  const { deps, files } = await open();
  expect(await installTool(kubectl, deps)).toMatchObject({ source: "download" });
  expect(await files()).toContain("cache/kubectl/1.34.4/x64/kubectl");
});

test("a wrong sum: both are named, with the address, and nothing is kept", async () => {
  const other = "0".repeat(64);
  const { server, deps, files } = await open({ [kindSum]: body(`${other}  kind-linux-amd64\n`) });
  const error = await thrownBy(installTool(kind, deps));
  expect(error).toBeInstanceOf(DownloadError);
  expect(error.message).toContain(
    `its sha256 sum is ${sum}, but ${server.base}${kindSum} says ${other}; the file was deleted`,
  );
  expect(error.message).toContain(`Could not verify kind v0.33.0 from ${server.base}${kindPath}.`);
  expect(await files()).toEqual([]);
});

test("a sum built into the action holds against what a mirror publishes", async () => {
  const path = kindPath.replace("v0.33.0", "v0.32.0");
  const { server, deps, files } = await open({ [path]: body(program), [`${path}.sha256sum`]: body(sum) });
  const error = await thrownBy(installTool({ name: "kind", version: "v0.32.0" }, deps));
  expect(error.message).toContain(`its sha256 sum is ${sum}, but the action knows 50030de2`);
  expect(server.requests.map((request) => request.path)).toEqual([path]);
  expect(await files()).toEqual([]);
});

test("a published sum that is none", async () => {
  const { server, deps, files } = await open({ [kindSum]: body("<html>sign in</html>") });
  const error = await thrownBy(installTool(kind, deps));
  expect(error.message).toContain(`${server.base}${kindSum} holds no sha256 sum but "<html>sign in</html>"`);
  expect(await files()).toEqual([]);
});

test("a body that breaks off is fetched afresh, and says so in one line", async () => {
  const { server, deps, log, clock, files } = await open({ [kindPath]: [broken(program), body(program)] });
  expect(await installTool(kind, deps)).toMatchObject({ source: "download" });
  expect(log.filter((line) => line.includes("trying again"))).toEqual([
    expect.stringMatching(/^info: kind v0\.33\.0: .+; trying again in .+ \(try 2 of 4\)$/),
  ]);
  expect(clock.slept).toHaveLength(1);
  expect(server.requests).toHaveLength(3);
  expect(await files()).toEqual(kindFiles);
});

test("503, then the program", async () => {
  const { deps, log } = await open({ [kindPath]: [status(503), body(program)] });
  await installTool(kind, deps);
  expect(log.find((line) => line.includes("trying again"))).toContain(
    `${kindPath} answers 503; trying again`,
  );
});

test("503 for ever: four tries, growing pauses, and nothing stays", async () => {
  const { server, deps, clock, files } = await open({ [kindPath]: status(503) });
  const error = await thrownBy(installTool(kind, deps));
  expect(error.message).toContain(`Could not download kind v0.33.0 from ${server.base}${kindPath}`);
  expect(error.message).toContain("4 times, last: ");
  expect(error.message).toContain("https_proxy");
  expect(error.message).toContain("download-mirror");
  expect(clock.slept).toHaveLength(3);
  for (const [turn, pause] of clock.slept.entries()) {
    expect(pause).toBeGreaterThanOrEqual(500 * 2 ** turn);
    expect(pause).toBeLessThanOrEqual(1000 * 2 ** turn);
  }
  expect(await files()).toEqual([]);
});

test("429 waits as long as the server asks", async () => {
  const { deps, clock } = await open({ [kindPath]: [status(429, { "retry-after": "17" }), body(program)] });
  await installTool(kind, deps);
  expect(clock.slept).toEqual([17_000]);
});

test("429 that asks for more than half a minute is final", async () => {
  const { deps, clock } = await open({ [kindPath]: status(429, { "retry-after": "3600" }) });
  const error = await thrownBy(installTool(kind, deps));
  expect(error.message).toContain("answers 429 (asks to wait 60 min 0 s)");
  expect(clock.slept).toEqual([]);
});

test("404 is not tried again: there is no such version", async () => {
  const { server, deps, clock, files } = await open();
  const error = await thrownBy(installTool({ name: "kind", version: "v0.99.0" }, deps));
  expect(error).toBeInstanceOf(DownloadError);
  expect(error.message).toMatch(
    /v0\.99\.0\/kind-linux-amd64(\.sha256sum)? answers 404: there is no such version/,
  );
  expect(error.message).toContain(
    "choose another for kind-version (https://github.com/kubernetes-sigs/kind/releases)",
  );
  expect(clock.slept).toEqual([]);
  expect(server.requests.length).toBeLessThanOrEqual(2);
  expect(await files()).toEqual([]);
});

test("a server that falls silent within the program is given up, and asked again", async () => {
  const { deps, clock, log } = await open({ [kindPath]: [silent(program), body(program)] });
  const exchange: Exchange = async (url, options) => {
    const answer = await deps.exchange(url, options);
    return { ...answer, body: endPatienceAfterPart(answer.body, clock) };
  };
  expect(await installTool(kind, { ...deps, exchange })).toMatchObject({ source: "download" });
  expect(log.find((line) => line.includes("trying again"))).toContain(
    "sent nothing for 30.0 s; trying again",
  );
});

/** When the part that `silent` sends was taken and the next is waited for, time is over. */
async function* endPatienceAfterPart(body: AsyncIterable<Uint8Array>, clock: TestClock) {
  for await (const part of body) {
    yield part;
    if (part.length === 100) setImmediate(() => clock.endPatience());
  }
}

test("a server that never answers is given up", async () => {
  const { deps, clock, files } = await open({ [kindPath]: () => setImmediate(() => clock.endPatience()) });
  const error = await thrownBy(installTool(kind, deps));
  expect(error.message).toContain("4 times, last: ");
  expect(error.message).toContain("sent nothing for 30.0 s");
  expect(await files()).toEqual([]);
});

test("redirections are followed, to another host too", async () => {
  const far = await standIn({ "/blob": body(program) });
  const { deps } = await open({ [kindPath]: redirect(`${far.base}/blob`) });
  expect(await installTool(kind, deps)).toMatchObject({ source: "download" });
});

test("redirections without an end", async () => {
  const { deps, clock } = await open({ [kindPath]: redirect(kindPath) });
  expect((await thrownBy(installTool(kind, deps))).message).toContain("redirected more than 5 times");
  expect(clock.slept).toEqual([]);
});

test("a long download says how far it is", async () => {
  const { deps, log } = await open({}, { tick: 3_000 });
  await installTool(kind, deps);
  expect(log).toContainEqual(expect.stringMatching(/^info: kind v0\.33\.0: \d+ of \d+ MB$/));
});

test("a short one does not", async () => {
  const { deps, log } = await open();
  await installTool(kind, deps);
  expect(log).toEqual([expect.stringContaining("kind v0.33.0 from the network in")]);
});

test.each([
  ["altered", (path: string) => writeFile(path, "something else")],
  ["cut short", (path: string) => writeFile(path, program.subarray(0, 1000))],
])("a kept tool that was %s is told, and fetched afresh", async (_title, harm) => {
  const { server, deps, log, files } = await open();
  const { path } = await installTool(kind, deps);
  await harm(path);
  expect(await installTool(kind, deps)).toMatchObject({ source: "download", path });
  expect(sha256(await readFile(path))).toBe(sum);
  expect(log.find((line) => line.startsWith("warning:"))).toContain(`is not what was stored (${path})`);
  expect(server.requests).toHaveLength(4);
  expect(await files()).toEqual(kindFiles);
});

test("a program in use stays what it was when another takes its place", async () => {
  const { deps } = await open();
  const { path } = await installTool(kind, deps);
  await writeFile(path, "in use");
  const inUse = await openFile(path);
  await installTool(kind, deps);
  expect(await inUse.readFile("utf8")).toBe("in use");
  await inUse.close();
});

test("a kept tool that is not whole (no marker) is fetched afresh", async () => {
  const { deps, tools } = await open();
  const { path } = await installTool(kind, deps);
  await rm(join(tools, "kind/0.33.0/x64.complete"));
  expect(await installTool(kind, deps)).toMatchObject({ source: "download", path });
});

test("without the runner's tool cache, the user's cache folder", async () => {
  const { deps, tools } = await open();
  const env = { ...deps.env, RUNNER_TOOL_CACHE: undefined, XDG_CACHE_HOME: join(tools, "xdg") };
  const { path } = await installTool(kind, { ...deps, env });
  expect(path).toBe(join(tools, "xdg/kind-ci-action/tools/kind/0.33.0/x64/kind"));
});

test("a server that has sent all and is gone while we still read", async () => {
  const large = Buffer.alloc(8_000_000, "x");
  const { deps } = await open({ [kindPath]: body(large), [kindSum]: body(sha256(large)) });
  const exchange: Exchange = async (url, options) => {
    const answer = await deps.exchange(url, options);
    return { ...answer, body: slowly(answer.body) };
  };
  expect(await installTool(kind, { ...deps, exchange })).toMatchObject({ source: "download" });
});

async function* slowly(parts: AsyncIterable<Uint8Array>) {
  for await (const part of parts) {
    await new Promise(setImmediate);
    yield part;
  }
}

test("several at once do not break each other", async () => {
  const { deps, files } = await open();
  const all = await Promise.all(Array.from({ length: 6 }, () => installTool(kind, deps)));
  for (const { path } of all) expect(sha256(await readFile(path))).toBe(sum);
  expect(await files()).toEqual(kindFiles);
});

test("a machine without a binary is refused before anything is asked", async () => {
  const { server, deps } = await open({}, { platform: "win32" });
  expect((await thrownBy(installTool(kind, deps))).message).toContain("Seen: win32 on x64");
  expect(server.requests).toEqual([]);
});

test("a folder that cannot be written is the machine's fault, not the network's", async () => {
  const { deps, temporary } = await open();
  const file = join(temporary, "file");
  await writeFile(file, "");
  const error = await thrownBy(installTool(kind, { ...deps, temporaryFolder: file }));
  expect(error.message).toContain("ENOTDIR");
});

test("a tool cache that cannot be written is said to be so", async () => {
  const { deps, temporary } = await open();
  const file = join(temporary, "file");
  await writeFile(file, "");
  const env = { ...deps.env, RUNNER_TOOL_CACHE: join(file, "_tool") };
  const error = await thrownBy(installTool(kind, { ...deps, env }));
  expect(error).toBeInstanceOf(EnvironmentError);
  expect(error.message).toMatch(/tool cache[\s\S]*ENOTDIR[\s\S]*RUNNER_TOOL_CACHE/);
});

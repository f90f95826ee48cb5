import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { installTool } from "../../../src/tools/install.ts";
import { body, sha256, standIn } from "./stand-in.ts";
import { workshop } from "./workshop.ts";

const program = "a program";
const kind = { name: "kind", version: "v0.33.0" } as const;
const kubectl = { name: "kubectl", version: "v1.34.4" } as const;
const kindPath = "/github.com/kubernetes-sigs/kind/releases/download/v0.33.0/kind-linux-amd64";
const kubectlPath = "/dl.k8s.io/release/v1.34.4/bin/linux/amd64/kubectl";

async function open(script: Readonly<Record<string, string>>) {
  const server = await standIn({
    [kindPath]: body(program),
    [`${kindPath}.sha256sum`]: body(sha256(program)),
    [kubectlPath]: body(program),
    [`${kubectlPath}.sha256`]: body(sha256(program)),
  });
  const shop = await workshop({ mirror: server.base });
  const bin = shop.deps.env["PATH"] ?? "";
  for (const [name, lines] of Object.entries(script)) await put(join(bin, name), lines);
  return { server, bin, ...shop };
}

async function put(path: string, lines: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
}

test("a kind on PATH of that version is used, and nothing is asked for", async () => {
  const { server, bin, deps } = await open({ kind: '[ "$*" = "version -q" ] && echo 0.33.0' });
  expect(await installTool(kind, deps)).toMatchObject({ source: "path", path: join(bin, "kind") });
  expect(server.requests).toEqual([]);
});

test("a kubectl on PATH of that version is used", async () => {
  const words = `[ "$*" = "version --client -o json" ] && echo '{"clientVersion": {"gitVersion": "v1.34.4"}}'`;
  const { bin, deps } = await open({ kubectl: words });
  expect(await installTool(kubectl, deps)).toMatchObject({ source: "path", path: join(bin, "kubectl") });
});

test.each([
  ["of another version", "echo 0.32.0"],
  ["that fails", "echo 0.33.0; exit 1"],
  ["that says something else", "echo hello"],
])("a kind on PATH %s is not", async (_title, lines) => {
  const { deps } = await open({ kind: lines });
  expect(await installTool(kind, deps)).toMatchObject({ source: "download" });
});

test("only what a later step would find counts: the first on PATH", async () => {
  const { bin, deps } = await open({ kind: "echo 0.32.0" });
  const second = join(dirname(bin), "bin2");
  await put(join(second, "kind"), "echo 0.33.0");
  const env = { ...deps.env, PATH: `${bin}:${second}` };
  expect(await installTool(kind, { ...deps, env })).toMatchObject({ source: "download" });
});

test("our own folder on PATH is checked like anything that was kept", async () => {
  const { deps } = await open({});
  const { path } = await installTool(kind, deps);
  await put(path, "echo 0.33.0");
  const env = { ...deps.env, PATH: dirname(path) };
  expect(await installTool(kind, { ...deps, env })).toMatchObject({ source: "download", path });
});

import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { installTool, saveTools } from "../../../src/tools/install.ts";
import { restoreNodeImage, saveNodeImage } from "../../../src/tools/node-image-cache.ts";
import { body, sha256, standIn } from "./stand-in.ts";
import { workshop } from "./workshop.ts";

const program = "a program";
const kind = { name: "kind", version: "v0.33.0" } as const;
const path = "/github.com/kubernetes-sigs/kind/releases/download/v0.33.0/kind-linux-amd64";
const key = "kind-ci-action-1-kind-v0.33.0-linux-amd64";

/** The service, as a folder: what is saved under a key can be restored. */
function cacheIn(store: string) {
  const keys: string[] = [];
  return {
    keys,
    load: () =>
      Promise.resolve({
        async saveFiles(name: string, paths: readonly string[]) {
          keys.push(`save ${name}`);
          for (const from of paths) await cp(from, join(store, name, from), { recursive: true });
          return true;
        },
        async restoreFiles(name: string, paths: readonly string[]) {
          keys.push(`restore ${name}`);
          try {
            for (const to of paths) {
              await mkdir(dirname(to), { recursive: true });
              await cp(join(store, name, to), to, { recursive: true });
            }
            return true;
          } catch {
            return false;
          }
        },
      }),
  };
}

async function open(cacheScope: "tools" | "all" | "none" = "tools") {
  const server = await standIn({ [path]: body(program), [`${path}.sha256sum`]: body(sha256(program)) });
  const shop = await workshop({ mirror: server.base, cacheScope });
  const cache = cacheIn(join(dirname(shop.tools), "service"));
  return { server, cache, ...shop, deps: { ...shop.deps, actionsCache: cache.load } };
}

test("a tool is saved once downloaded, and restored on the next machine; its sum alone is asked for", async () => {
  const { server, cache, deps, tools } = await open();
  const first = await installTool(kind, deps);
  await saveTools([{ ...first, name: "kind" }], deps);
  await rm(tools, { recursive: true });
  server.requests.length = 0;

  const second = await installTool(kind, deps);
  expect(second).toMatchObject({ source: "actions-cache", path: first.path });
  expect(await readFile(second.path, "utf8")).toBe(program);
  expect(server.requests.map((request) => request.path)).toEqual([`${path}.sha256sum`]);
  expect(cache.keys).toEqual([`restore ${key}`, `save ${key}`, `restore ${key}`]);

  await saveTools([{ ...second, name: "kind" }], deps);
  expect(cache.keys).toHaveLength(3);
  expect(await installTool(kind, deps)).toMatchObject({ source: "tool-cache" });
});

test("a program that others put beside it in the cache does not come onto PATH", async () => {
  const { deps, tools } = await open();
  const first = await installTool(kind, deps);
  await writeFile(join(dirname(first.path), "git"), "evil", { mode: 0o755 });
  await saveTools([{ ...first, name: "kind" }], deps);
  await rm(tools, { recursive: true });

  const second = await installTool(kind, deps);
  expect(second.source).toBe("actions-cache");
  expect((await readdir(dirname(second.path))).filter((name) => !name.startsWith("kind"))).toEqual([]);
});

test("what others put into the cache is held to the published sum", async () => {
  const { deps, tools, log } = await open();
  const first = await installTool(kind, deps);
  // With a sum beside it that fits.
  await writeFile(first.path, "evil");
  await writeFile(`${first.path}.sha256`, sha256("evil"));
  await saveTools([{ ...first, name: "kind" }], deps);
  await rm(tools, { recursive: true });

  const second = await installTool(kind, deps);
  expect(second.source).toBe("download");
  expect(await readFile(second.path, "utf8")).toBe(program);
  expect(log.find((line) => line.startsWith("warning:"))).toContain("is not the released one");
});

test("a cache that fails is a warning, and the tool is downloaded", async () => {
  const { deps, log } = await open();
  const failing = { ...deps, actionsCache: () => Promise.reject(new Error("no service")) };
  const tool = await installTool(kind, failing);
  expect(tool.source).toBe("download");
  await saveTools([{ ...tool, name: "kind" }], failing);
  expect(log.filter((line) => line.startsWith("warning:"))).toEqual([
    "warning: kind v0.33.0 could not be taken from the Actions cache: no service",
    "warning: kind and kubectl could not be put into the Actions cache: no service",
  ]);
});

test("cache: false asks no cache", async () => {
  const { cache, deps } = await open("none");
  const tool = await installTool(kind, deps);
  await saveTools([{ ...tool, name: "kind" }], deps);
  expect(cache.keys).toEqual([]);
});

/** A docker of shell: images are files that hold their id, and an archive a line for each. */
const docker = `#!/bin/sh
set -e
cd "$IMAGES"
name() { echo "$1" | tr '/:@' '___'; }
case "$1" in
  --context) shift 2 ;;
esac
case "$1 $2" in
  "version --format") echo "\${PLATFORM-linux-amd64}" ;;
  "image inspect") cat "$(name "$5")" ;;
  "tag "*) cp "$(name "$2")" "$(name "$3")" ;;
  "rmi "*) rm "$(name "$3")" ;;
  "save "*) echo "$4 $(cat "$(name "$4")")" > "$3" ;;
  "load "*) while read -r to id; do printf %s "$id" > "$(name "$to")"; echo "Loaded image: $to"; done < "$4" ;;
esac
`;

const id = `sha256:${"c".repeat(64)}`;
const manifest = JSON.stringify({ schemaVersion: 2, config: { digest: id } });
const hex = sha256(manifest);
const image = { reference: `kindest/node:v1.34.4@sha256:${hex}`, digest: `sha256:${hex}` };
const imageFile = `kindest_node_v1.34.4_sha256_${hex}`;
const imageKey = `kind-ci-action-2-node-image-linux-amd64-${hex}`;

async function openDocker(cacheScope: "tools" | "all" = "all") {
  const shop = await open(cacheScope);
  const images = join(dirname(shop.tools), "images");
  const program = join(dirname(shop.tools), "docker");
  await mkdir(images);
  await writeFile(program, docker, { mode: 0o755 });
  await writeFile(join(images, imageFile), id);
  const env = { ...shop.deps.env, PATH: process.env["PATH"], IMAGES: images };
  const { systemProcessRunner } = await import("../../../src/support/process-runner.ts");
  const manifestsOf = () => Promise.resolve([manifest]);
  const deps = { ...shop.deps, env, runner: systemProcessRunner(env), manifestsOf };
  return { ...shop, deps, images, argv: [program, "--context", "far"] as const };
}

test("the node image is saved, and restored under a name of our own; no archive stays", async () => {
  const { cache, deps, images, argv, files, log } = await openDocker();
  await saveNodeImage(image, argv, deps);
  expect((await files()).filter((file) => file.startsWith("images/"))).toEqual([`images/${imageFile}`]);
  await rm(join(images, imageFile));

  expect(await restoreNodeImage(image, argv, deps)).toBe(`kind-ci-action/node:${hex}`);
  expect(cache.keys).toEqual([`save ${imageKey}`, `restore ${imageKey}`]);
  expect((await files()).filter((file) => file.startsWith("cache/"))).toEqual([]);
  expect(log).toEqual([]);
});

test("the image of a daemon of another architecture is another one", async () => {
  const { cache, deps, argv } = await openDocker();
  const far = { ...deps.env, PLATFORM: "linux-arm64" };
  const { systemProcessRunner } = await import("../../../src/support/process-runner.ts");
  await saveNodeImage(image, argv, { ...deps, runner: systemProcessRunner(far) });
  expect(cache.keys).toEqual([`save kind-ci-action-2-node-image-linux-arm64-${hex}`]);
});

test("an image that the daemon has already is not restored", async () => {
  const { cache, deps, argv } = await openDocker();
  expect(await restoreNodeImage(image, argv, deps)).toBeUndefined();
  expect(cache.keys).toEqual([]);
});

test("an archive that was altered is not loaded", async () => {
  const { deps, images, argv, log, tools, files } = await openDocker();
  await saveNodeImage(image, argv, deps);
  await rm(join(images, imageFile));
  const saved = (await files()).find((file) => file.endsWith("image.tar"));
  await writeFile(join(dirname(tools), saved ?? ""), `kind-ci-action/node:${hex} sha256:evil\n`);

  expect(await restoreNodeImage(image, argv, deps)).toBeUndefined();
  expect(log).toEqual([
    "warning: The node image could not be restored from the Actions cache: what was restored is not what was saved",
  ]);
  expect((await files()).filter((file) => file.startsWith("images/"))).toEqual([]);
});

function ended(files: readonly string[], name: string): string {
  return files.find((file) => file.endsWith(name)) ?? "";
}

/** A saved image that the daemon has no more, whose archive somebody changed, and its sum in the account with it. */
async function withAlteredArchive(archive: string) {
  const docker = await openDocker();
  await saveNodeImage(image, docker.argv, docker.deps);
  await rm(join(docker.images, imageFile));
  const at = async (name: string) => join(dirname(docker.tools), ended(await docker.files(), name));
  await writeFile(await at("image.tar"), archive);
  const alterAccount = async (changes: object) => {
    const account = JSON.parse(await readFile(await at("image.json"), "utf8")) as object;
    await writeFile(await at("image.json"), JSON.stringify({ ...account, ...changes }));
  };
  await alterAccount({ sha256: sha256(archive) });
  return { ...docker, alterAccount };
}

test("an archive that was altered with the account beside it is not the image of that digest, and not loaded", async () => {
  const { deps, argv, log, files, alterAccount } = await withAlteredArchive(
    `kind-ci-action/node:${hex} sha256:evil\n`,
  );
  for (const manifests of [[manifest], [JSON.stringify({ config: { digest: "sha256:evil" } })], []]) {
    await alterAccount({ id: "sha256:evil", manifests });
    expect(await restoreNodeImage(image, argv, deps)).toBeUndefined();
  }
  expect(log).toHaveLength(3);
  for (const line of log)
    expect(line).toMatch(/restored from the Actions cache: it is not the image of sha256:/);
  expect((await files()).filter((file) => file.startsWith("images/"))).toEqual([]);
});

test("an archive that holds another image than its account says does not stay on the daemon", async () => {
  const { deps, argv, log, files } = await withAlteredArchive(`kind-ci-action/node:${hex} sha256:evil\n`);
  expect(await restoreNodeImage(image, argv, deps)).toBeUndefined();
  expect(log.join()).toContain("the archive held sha256:evil");
  expect((await files()).filter((file) => file.startsWith("images/"))).toEqual([]);
});

test("an archive with another image beside the one is not taken, and the other goes too", async () => {
  const both = `kind-ci-action/node:${hex} ${id}\nregistry:3 sha256:evil\n`;
  const { deps, argv, log, files } = await withAlteredArchive(both);
  expect(await restoreNodeImage(image, argv, deps)).toBeUndefined();
  expect(log.join()).toContain("the archive held registry:3 too");
  expect((await files()).filter((file) => file.startsWith("images/"))).toEqual([]);
});

test("an image whose manifest cannot be read is not saved: nobody could tell it later", async () => {
  const { cache, deps, argv, log } = await openDocker();
  const manifestsOf = () => Promise.reject(new Error("no way to docker.io"));
  await saveNodeImage(image, argv, { ...deps, manifestsOf });
  expect(cache.keys).toEqual([]);
  expect(log).toEqual([
    "warning: The node image could not be saved to the Actions cache: no way to docker.io",
  ]);
});

test("where the daemon names an image by its digest no manifest is read", async () => {
  const { cache, deps, images, argv } = await openDocker();
  await writeFile(join(images, imageFile), image.digest);
  const manifestsOf = () => Promise.reject(new Error("not asked"));
  await saveNodeImage(image, argv, { ...deps, manifestsOf });
  await rm(join(images, imageFile));
  expect(await restoreNodeImage(image, argv, deps)).toBe(`kind-ci-action/node:${hex}`);
  expect(cache.keys).toEqual([`save ${imageKey}`, `restore ${imageKey}`]);
});

test.each([
  ["cache: tools", image, "tools"],
  ["no digest", { reference: "kindest/node:v1.34.4", digest: undefined }, "all"],
] as const)("with %s no image is kept", async (_title, wanted, scope) => {
  const { cache, deps, argv } = await openDocker(scope);
  await saveNodeImage(wanted, argv, deps);
  expect(await restoreNodeImage(wanted, argv, deps)).toBeUndefined();
  expect(cache.keys).toEqual([]);
});

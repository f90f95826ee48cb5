import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { remoteRegistry } from "../../../src/remote-registry/reference.ts";
import { readManifestsAt } from "../../../src/remote-registry/registry-access.lazy.ts";
import { systemClock } from "../../../src/support/clock.ts";
import { silentLogger } from "../../../src/support/logger.ts";
import { idsOf } from "../../../src/tools/manifests.ts";
import { type RunningRegistry, startRegistry } from "./real-registry.ts";
import { pusher } from "./use-of-registry.ts";

let folder: string;
let registry: RunningRegistry;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "manifests-"));
  registry = await startRegistry(folder, { major: 3, deletion: false });
});
afterAll(async () => {
  await registry.stop();
  rmSync(folder, { recursive: true });
});

function read(host: string, digest: string, platform = "linux-amd64"): Promise<string[]> {
  const deps = { ca: undefined, env: {}, clock: systemClock, logger: silentLogger };
  const options = { registry: remoteRegistry({ host, path: "" }, true), credentials: undefined, source: "" };
  return readManifestsAt({ ...options, ...deps }, { repository: "team/node", digest, platform });
}

test("an index and the manifest for the platform are read as they are, and an image alone", async () => {
  const pushing = pusher({ host: registry.host, plainHttp: true });
  const image = await pushing.image("team/node", "one", "content");
  const size = await pushing.size("team/node", image);
  const index = await pushing.index("team/node", "all", [{ digest: image, size }]);
  const whole = await read(registry.host, index);
  expect(whole).toHaveLength(2);
  const ids = idsOf(index, whole);
  expect(ids).toContain(image);
  expect(idsOf(image, await read(registry.host, image)).at(-1)).toBe(ids.at(-1));
  expect(await read(registry.host, index, "linux-arm64")).toHaveLength(1);
});

test("what cannot be read is said in words", async () => {
  const digest = `sha256:${"a".repeat(64)}`;
  await expect(read(registry.host, digest)).rejects.toThrow(/answers 404/);
  await expect(read("127.0.0.1:1", digest)).rejects.toThrow("nothing answers at 127.0.0.1:1 (ECONNREFUSED)");
});

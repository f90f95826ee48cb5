import { describe, expect, test } from "vitest";
import { findNodeImage } from "../../src/find-node-image.ts";
import { UsageError } from "../../src/support/errors.ts";
import { silentLogger } from "../../src/support/logger.ts";
import type { ToolDeps } from "../../src/tools/tool-deps.ts";
import { settingsOf } from "./plan/world.ts";
import { quickClock } from "./quick-clock.ts";

const digest = `sha256:${"a".repeat(64)}`;

/** Asks with a network that has these release notes and nothing else. */
function find(inputs: Record<string, string>, notes?: string) {
  const asked: string[] = [];
  const deps = {
    exchange: (url: URL) => {
      asked.push(url.href);
      const body = (async function* () {
        yield Buffer.from(JSON.stringify({ body: notes ?? "" }));
      })();
      const status = notes === undefined ? 404 : 200;
      return Promise.resolve({ status, headers: () => [], body, discard: () => {} });
    },
    clock: { ...quickClock(), sleep: () => new Promise(() => {}) },
    logger: silentLogger,
    mirror: undefined,
    token: undefined,
    githubServerUrl: "https://github.com",
  } as unknown as ToolDeps;
  return { found: findNodeImage(settingsOf(inputs), deps), asked };
}

describe("the node image", () => {
  test.each([
    [`own/node:v1.30.2@${digest}`, digest, "1.30.2"],
    ["kindest/node:v1.34.4", undefined, "1.34.4"],
    ["registry.example:5000/node:v1.35.0-rc.1", undefined, "1.35.0-rc.1"],
    ["registry.example:5000/node", undefined, undefined],
    ["own/node:v1.34.4-custom", undefined, undefined],
    ["own/node:latest", undefined, undefined],
    ["own/node:1.34.4", undefined, undefined],
  ])("that is given, %s, is taken as it is, and nobody is asked", async (reference, known, version) => {
    const { found, asked } = find({ "node-image": reference });
    expect(await found).toMatchObject({
      image: { reference, digest: known, kubernetesVersion: version },
      imageReason: "node-image",
      imageNotice: undefined,
    });
    expect(asked).toEqual([]);
  });

  test.each([
    [{}, "1.36.1", /^kind's default, as kind v0\.32\.0 has it/],
    [{ "kubernetes-version": "1.34" }, "1.34.8", /^the newest 1\.34,/],
    [{ "kubernetes-version": "v1.35.5" }, "1.35.5", /^1\.35\.5,/],
    [{ "kubernetes-version": "latest" }, "1.36.1", /^the latest,/],
  ])(
    "for %j is the one that the kind release has, by its digest, with the reason",
    async (inputs, version, reason) => {
      const { found, asked } = find({ "kind-version": "v0.32.0", ...inputs });
      const { image, imageReason, imageNotice } = await found;
      expect(image.kubernetesVersion).toBe(version);
      expect(image.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(image.reference).toBe(`kindest/node:v${version}@${image.digest}`);
      expect(imageReason).toMatch(reason);
      expect(imageNotice).toBeUndefined();
      expect(asked).toEqual([]);
    },
  );

  test("of a release that the action does not know is read from its notes", async () => {
    const { found, asked } = find(
      { "kind-version": "v0.99.0" },
      `- v1.40: \`kindest/node:v1.40.0@${digest}\``,
    );
    expect(await found).toMatchObject({
      image: { reference: `kindest/node:v1.40.0@${digest}`, digest, kubernetesVersion: "1.40.0" },
      imageReason: expect.stringContaining("release-notes") as string,
    });
    expect(asked).toEqual(["https://api.github.com/repos/kubernetes-sigs/kind/releases/tags/v0.99.0"]);
  });

  test("for a version that this kind has none for is an error that names those it has", async () => {
    const { found } = find({ "kind-version": "v0.32.0", "kubernetes-version": "1.30" });
    await expect(found).rejects.toBeInstanceOf(UsageError);
    await expect(found).rejects.toThrow(/1\.30.*1\.36\.1, 1\.35\.5, 1\.34\.8, 1\.33\.12/);
  });
});

import { describe, expect, test } from "vitest";
import type { KubernetesVersion } from "../../../src/settings/settings.ts";
import { chooseNodeImage, type NodeImage } from "../../../src/tools/node-images.ts";
import { problemsIn } from "../settings/problems-in.ts";

const images: NodeImage[] = ["1.34.9", "1.36.0", "1.34.11", "1.35.2"].map((version) => ({
  version,
  reference: `kindest/node:v${version}@sha256:${"0".repeat(64)}`,
  digest: `sha256:${"0".repeat(64)}`,
}));

const exact = (version: string): KubernetesVersion => ({ kind: "exact", version });
const minor = (of: string): KubernetesVersion => ({ kind: "minor", minor: of });

test.each([
  ["nothing: the first", undefined, "1.34.9"],
  ["the latest", { kind: "latest" } as const, "1.36.0"],
  ["a minor: its highest patch, by number and not by letter", minor("1.34"), "1.34.11"],
  ["exactly one", exact("1.34.9"), "1.34.9"],
])("chosen for %s", (_title, request, version) => {
  expect(chooseNodeImage(request, images, "v0.33.0").version).toBe(version);
});

describe("what this kind has no image for", () => {
  const problem = (request: KubernetesVersion) =>
    problemsIn(() => chooseNodeImage(request, images, "v0.33.0"))[0];

  test("names the versions, the kind release that has it, and the way out", () => {
    expect(problem(minor("1.32"))).toEqual({
      input: "kubernetes-version",
      given: "1.32, for which kind v0.33.0 has no node image",
      allowed:
        "1.36.0, 1.35.2, 1.34.11, 1.34.9; with kind-version v0.31.0 also this one; " +
        "any image when it is named in node-image (name@sha256:…)",
    });
  });

  test("an exact version shows how its image would be named", () => {
    expect(problem(exact("1.36.7"))).toEqual({
      input: "kubernetes-version",
      given: "1.36.7, for which kind v0.33.0 has no node image",
      allowed:
        "1.36.0, 1.35.2, 1.34.11, 1.34.9; no kind release that the action knows has it; " +
        "any image when it is named in node-image (kindest/node:v1.36.7@sha256:…)",
    });
  });

  test.each([minor("1.3"), minor("1.340"), exact("1.34.1")])(
    "%j is not taken for its beginning",
    (request) => {
      expect(problem(request)?.input).toBe("kubernetes-version");
    },
  );
});

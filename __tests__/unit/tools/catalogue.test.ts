import { readFileSync } from "node:fs";
import { gt } from "semver";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { builtInSum, kindRelease, newestKindWith } from "../../../src/tools/catalogue.ts";
import { kindReleases } from "../../../src/tools/catalogue-data.ts";

const action = parse(readFileSync(new URL("../../../action.yml", import.meta.url), "utf8"));
const defaultKind: string = action.inputs["kind-version"].default;

test("releases are in order, the action's default first", () => {
  const versions = kindReleases.map(({ version }) => version);
  expect(versions).toEqual([...versions].sort((a, b) => (gt(a, b) ? -1 : 1)));
  expect(versions[0]).toBe(defaultKind);
  expect(versions).toContain("v0.27.0");
});

test.each(kindReleases.map((release) => [release.version, release] as const))(
  "%s is well formed",
  (_v, release) => {
    for (const { version, sha256 } of release.images) {
      expect(version).toMatch(/^1\.\d+\.\d+$/);
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
    for (const sum of Object.values(release.sums)) expect(sum).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(release.images.map(({ sha256 }) => sha256)).size).toBe(release.images.length);
  },
);

// The default of each release is compiled into it: pkg/apis/config/defaults/image.go at its tag.
test.each([
  ["v0.32.0", "1.36.1"],
  ["v0.31.0", "1.35.0"],
  ["v0.30.0", "1.34.0"],
  ["v0.29.0", "1.33.1"],
  ["v0.28.0", "1.33.1"],
  ["v0.27.0", "1.32.2"],
])("the default of %s is %s", (kind, version) => {
  expect(kindRelease(kind)?.images[0]?.version).toBe(version);
});

test("one tag has other contents in another release", () => {
  const of = (kind: string) => kindRelease(kind)?.images.find(({ version }) => version === "1.33.1")?.sha256;
  expect(of("v0.28.0")).not.toBe(of("v0.29.0"));
});

test("the default release has no built-in sum, so that a lab can serve its own build", () => {
  expect(kindRelease(defaultKind)?.sums).toEqual({});
});

test("sums are of kind alone, and of the platform", () => {
  expect(builtInSum("kind", "v0.32.0", "linux-amd64")).toMatch(/^50030de2/);
  expect(builtInSum("kind", "v0.32.0", "linux-arm64")).toMatch(/^b92cd615/);
  expect(builtInSum("kubectl", "v0.32.0", "linux-amd64")).toBeUndefined();
  expect(builtInSum("kind", "v0.99.0", "linux-amd64")).toBeUndefined();
});

test("the newest release that has it", () => {
  expect(newestKindWith((version) => version.startsWith("1.33."))).toBe("v0.32.0");
  expect(newestKindWith((version) => version === "1.20.0")).toBeUndefined();
});

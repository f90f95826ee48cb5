import { expect, test } from "vitest";
import { progress } from "../../../src/tools/download.ts";
import { kindVersionIn, kubectlVersionIn } from "../../../src/tools/on-path.ts";
import { placeOf, releaseUrl } from "../../../src/tools/places.ts";
import { platformOf } from "../../../src/tools/platform.ts";

const kind = { name: "kind", version: "v0.32.0" } as const;
const kubectl = { name: "kubectl", version: "v1.34.4" } as const;
const linux = platformOf("linux", "x64");
const mac = platformOf("darwin", "arm64");

test.each([
  [
    kind,
    linux,
    undefined,
    "https://github.com/kubernetes-sigs/kind/releases/download/v0.32.0/kind-linux-amd64",
    ".sha256sum",
  ],
  [
    kind,
    mac,
    undefined,
    "https://github.com/kubernetes-sigs/kind/releases/download/v0.32.0/kind-darwin-arm64",
    ".sha256sum",
  ],
  [kubectl, linux, undefined, "https://dl.k8s.io/release/v1.34.4/bin/linux/amd64/kubectl", ".sha256"],
  [kubectl, mac, undefined, "https://dl.k8s.io/release/v1.34.4/bin/darwin/arm64/kubectl", ".sha256"],
  [
    kind,
    linux,
    "http://m.test/a",
    "http://m.test/a/github.com/kubernetes-sigs/kind/releases/download/v0.32.0/kind-linux-amd64",
    ".sha256sum",
  ],
  [
    kubectl,
    linux,
    "http://m.test",
    "http://m.test/dl.k8s.io/release/v1.34.4/bin/linux/amd64/kubectl",
    ".sha256",
  ],
] as const)("%j on %j, mirror %s", (tool, platform, mirror, binary, sumSuffix) => {
  const place = placeOf(tool, platform, mirror);
  expect(place.binary.href).toBe(binary);
  expect(place.sum.href).toBe(binary + sumSuffix);
});

test.each([
  [undefined, "https://api.github.com/repos/kubernetes-sigs/kind/releases/tags/v0.32.0"],
  ["https://m.test", "https://m.test/api.github.com/repos/kubernetes-sigs/kind/releases/tags/v0.32.0"],
])("release notes with mirror %s", (mirror, url) => {
  expect(releaseUrl("v0.32.0", mirror).href).toBe(url);
});

test.each([
  ["win32", "x64"],
  ["freebsd", "x64"],
  ["linux", "arm"],
  ["linux", "s390x"],
])("%s on %s is refused in words", (os, arch) => {
  expect(() => platformOf(os, arch)).toThrow(`Seen: ${os} on ${arch}`);
});

test.each([
  ["0.33.0\n", "v0.33.0"],
  ["v0.33.0", "v0.33.0"],
  ["0.34.0-alpha+abc", "v0.34.0-alpha+abc"],
  ["kind v0.33.0 go1.25", undefined],
  ["", undefined],
])("kind says %j", (words, version) => {
  expect(kindVersionIn(words)).toBe(version);
});

test.each([
  ['{"clientVersion": {"major": "1", "gitVersion": "v1.34.4"}, "kustomizeVersion": "v5"}', "v1.34.4"],
  ['{"clientVersion": {}}', undefined],
  ["{}", undefined],
  ["null", undefined],
])("kubectl says %j", (words, version) => {
  expect(kubectlVersionIn(words)).toBe(version);
});

test.each([
  [12_300_000, 21_000_000, "12 of 21 MB"],
  [12_300_000, Number.NaN, "12 MB"],
])("%i of %f bytes", (length, announced, words) => {
  expect(progress(length, announced)).toBe(words);
});

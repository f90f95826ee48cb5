import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { idsOf } from "../../../src/tools/manifests.ts";

const digestOf = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const config = `sha256:${"c".repeat(64)}`;
const image = JSON.stringify({ config: { digest: config }, layers: [] });
const other = JSON.stringify({ config: { digest: `sha256:${"d".repeat(64)}` } });
const index = JSON.stringify({ manifests: [{ digest: digestOf(image) }, { digest: digestOf(other) }] });

describe("the ids of a digest's image", () => {
  test.each<[string, string, string[], string[]]>([
    ["itself, where nothing more is known", digestOf(image), [], [digestOf(image)]],
    ["its configuration's", digestOf(image), [image], [digestOf(image), digestOf(image), config]],
    [
      "that of an index for one platform",
      digestOf(index),
      [index, image],
      [digestOf(index), digestOf(index), digestOf(image), config],
    ],
  ])("%s", (_, digest, manifests, ids) => {
    expect(idsOf(digest, manifests)).toEqual(ids);
  });

  test.each<[string, string, string[]]>([
    ["another image", digestOf(image), [other]],
    ["another image behind the index", digestOf(index), [index, JSON.stringify({ config: { digest: "x" } })]],
    ["more behind an image", digestOf(image), [image, other]],
    ["a byte more", digestOf(image), [`${image} `]],
  ])("%s is refused", (_, digest, manifests) => {
    expect(() => idsOf(digest, manifests)).toThrow(`it is not the image of ${digest}`);
  });
});

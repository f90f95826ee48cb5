import fc from "fast-check";
import { expect, test } from "vitest";
import { parseReleaseNotes } from "../../../src/tools/release-notes.ts";

const a = "a".repeat(64);
const b = "b".repeat(64);
const image = (version: string, hex: string) => ({
  version,
  reference: `kindest/node:v${version}@sha256:${hex}`,
  digest: `sha256:${hex}`,
});

test.each([
  [
    "as since 0.27",
    `- v1.36.1: \`kindest/node:v1.36.1@sha256:${a}\`\n- v1.35.5: \`kindest/node:v1.35.5@sha256:${b}\``,
  ],
  [
    "as before",
    ` - 1.36: \`kindest/node:v1.36.1@sha256:${a}\`\n - 1.35: \`kindest/node:v1.35.5@sha256:${b}\``,
  ],
  ["with CRLF", `- v1.36.1: kindest/node:v1.36.1@sha256:${a}\r\n- kindest/node:v1.35.5@sha256:${b}\r\n`],
  [
    "the default named near the top and again below",
    `The default is \`kindest/node:v1.36.1@sha256:${a}\`.\r\n\r\n- \`kindest/node:v1.35.5@sha256:${b}\`\r\n- \`kindest/node:v1.36.1@sha256:${a}\``,
  ],
])("images are found %s", (_title, body) => {
  expect(parseReleaseNotes(body)).toEqual([image("1.36.1", a), image("1.35.5", b)]);
});

test.each([
  ["nothing", ""],
  ["a tag alone", "kindest/node:v1.36.1"],
  ["a placeholder", "kindest/node:v1.36.1@sha256:the-hash"],
  ["a digest that is too short", `kindest/node:v1.36.1@sha256:${"a".repeat(63)}`],
  ["a digest that is too long", `kindest/node:v1.36.1@sha256:${"a".repeat(65)}`],
  ["a pre-release", `kindest/node:v1.37.0-rc.1@sha256:${a}`],
  ["another repository", `mykindest/node:v1.36.1@sha256:${a}`],
])("%s is no image", (_title, body) => {
  expect(parseReleaseNotes(body)).toEqual([]);
});

test("one tag with two digests is two images", () => {
  const body = `kindest/node:v1.33.1@sha256:${a} kindest/node:v1.33.1@sha256:${b}`;
  expect(parseReleaseNotes(body)).toEqual([image("1.33.1", a), image("1.33.1", b)]);
});

test("any text around leaves the images what they are", () => {
  const text = fc.string().filter((words) => !/[\w]$/.test(words) && !/^[0-9a-f]/.test(words));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const found = parseReleaseNotes(`${before}kindest/node:v1.36.1@sha256:${a}${after}`);
      expect(found).toEqual([image("1.36.1", a)]);
    }),
  );
});

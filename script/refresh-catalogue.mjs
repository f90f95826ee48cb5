// Writes src/tools/catalogue-data.ts from kind's releases on GitHub: their node images, as the release notes name
// them, and the published sums of their binaries. Run it when kind has a new release, and read the difference.
//
//   node script/refresh-catalogue.mjs
//   node script/refresh-catalogue.mjs --base http://127.0.0.1:8080   asks <base>/<host>/<path> for https://<host>/<path>
//   node script/refresh-catalogue.mjs --out FILE                     writes another file
//
// GITHUB_TOKEN, where set, raises GitHub's rate limit.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { compare, gte, prerelease } from "semver";
import { parse } from "yaml";

const oldest = "v0.27.0";
const platforms = ["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"];

const root = fileURLToPath(new URL("../", import.meta.url));
const { values: options } = parseArgs({ options: { base: { type: "string" }, out: { type: "string" } } });
const out = options.out ?? `${root}src/tools/catalogue-data.ts`;

/** The very parser that the action uses. */
async function notesParser() {
  const { outputFiles } = await build({
    entryPoints: [`${root}src/tools/release-notes.ts`],
    bundle: true,
    format: "esm",
    write: false,
  });
  const { parseReleaseNotes } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
  );
  return parseReleaseNotes;
}

async function get(host, path) {
  const url = options.base === undefined ? `https://${host}/${path}` : `${options.base}/${host}/${path}`;
  const token =
    options.base === undefined && host === "api.github.com" ? process.env.GITHUB_TOKEN : undefined;
  const answer = await fetch(url, { headers: token ? { authorization: `Bearer ${token}` } : {} });
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  return answer.text();
}

async function releases() {
  const all = JSON.parse(await get("api.github.com", "repos/kubernetes-sigs/kind/releases?per_page=100"));
  return all
    .filter(({ draft, prerelease: early, tag_name: tag }) => !draft && !early && prerelease(tag) === null)
    .filter(({ tag_name: tag }) => gte(tag, oldest))
    .sort((a, b) => compare(b.tag_name, a.tag_name));
}

async function sumOf(tag, platform) {
  const path = `kubernetes-sigs/kind/releases/download/${tag}/kind-${platform}.sha256sum`;
  const sum = /^[0-9a-f]{64}(?=\s|$)/.exec(await get("github.com", path))?.[0];
  if (sum === undefined) throw new Error(`${path} holds no sha256 sum`);
  return [platform, sum];
}

async function entry({ tag_name: tag, body }, parseReleaseNotes, withoutSums) {
  const images = parseReleaseNotes(body ?? "");
  if (images.length === 0) throw new Error(`the notes of kind ${tag} name no node image by digest`);
  const sums =
    tag === withoutSums ? [] : await Promise.all(platforms.map((platform) => sumOf(tag, platform)));
  return [
    "  {",
    `    version: "${tag}",`,
    "    images: [",
    ...images.map(
      ({ version, digest }) => `      { version: "${version}", sha256: "${digest.replace("sha256:", "")}" },`,
    ),
    "    ],",
    ...(tag === withoutSums ? noSumsNote : []),
    ...(sums.length === 0
      ? ["    sums: {},"]
      : ["    sums: {", ...sums.map(([platform, sum]) => `      "${platform}": "${sum}",`), "    },"]),
    "  },",
  ];
}

const noSumsNote = [
  "    // No sums for the action's default: those published beside the release are used. A test lab without a",
  "    // network serves its own build under this version.",
];

const tested = parse(readFileSync(`${root}action.yml`, "utf8")).inputs["kind-version"].default;
const parseReleaseNotes = await notesParser();
const entries = await Promise.all((await releases()).map((each) => entry(each, parseReleaseNotes, tested)));
writeFileSync(
  out,
  [
    "// Written by script/refresh-catalogue.mjs from kind's releases; run it when kind has a new one.",
    'import type { KindRelease } from "./catalogue.ts";',
    "",
    "/** Newest release first; of each, the default image first. */",
    "export const kindReleases: readonly KindRelease[] = [",
    ...entries.flat(),
    "];",
    "",
  ].join("\n"),
);
console.log(`${out}: ${entries.length} releases`);

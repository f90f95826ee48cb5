// Bundles the doors of src/ to dist/, with the licences of what is in them.
//
//   node script/build.mjs           writes dist/
//   node script/build.mjs --check   writes nothing; exits 1 and names the files where dist/ is not what src/ makes
//
// A module named x.lazy.ts becomes a bundle of its own, dist/x.cjs, and `import("./x.lazy.ts")` in any other
// bundle loads that file when it runs: what only some jobs need costs the others nothing. Each bundle has its own
// copy of what it imports, so `instanceof` does not hold across them.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
const dist = join(root, "dist");
const doors = ["main", "post", "cli", "tunnel-process"];
const bundleLimit = 3_000_000; // bytes

const lazySuffix = ".lazy.ts";
const lazyName = (path) => basename(path, lazySuffix);

/** Output name → source, relative to the root. */
function entryPoints() {
  const entries = {};
  for (const door of doors) {
    if (existsSync(join(root, "src", `${door}.ts`))) entries[door] = `src/${door}.ts`;
  }
  const sources = readdirSync(join(root, "src"), { recursive: true }).sort();
  for (const path of sources.filter((path) => path.endsWith(lazySuffix))) {
    const name = lazyName(path);
    if (entries[name] !== undefined)
      throw new Error(`src/${path} and ${entries[name]} would both become dist/${name}.cjs`);
    entries[name] = `src/${path}`;
  }
  return entries;
}

const lazyModules = {
  name: "lazy-modules",
  setup({ onResolve }) {
    onResolve({ filter: /\.lazy\.ts$/ }, ({ kind, path }) => {
      if (kind === "entry-point") return undefined;
      if (kind === "dynamic-import") return { path: `./${lazyName(path)}.cjs`, external: true };
      return { errors: [{ text: `${path} is loaded when needed: import it with import("${path}")` }] };
    });
  },
};

/**
 * The toolkit's modules do nothing on import but do not say so: without this, its http client is in every bundle,
 * for a function that nobody calls, and costs each start 80 ms.
 */
const toolkitWithoutSideEffects = {
  name: "toolkit-without-side-effects",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^(@actions\/|\.)/ }, async ({ path, importer, pluginData, ...options }) => {
      const ofToolkit = path.startsWith("@actions/") || importer.includes("node_modules/@actions/");
      if (!ofToolkit || pluginData === "resolving") return undefined;
      const resolved = await resolve(path, { importer, ...options, pluginData: "resolving" });
      return { ...resolved, sideEffects: false };
    });
  },
};

/** Same bytes on every machine and in every folder: paths are relative to the root, and there are no source maps. */
async function bundle() {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: entryPoints(),
    outdir: "dist",
    outExtension: { ".js": ".cjs" },
    bundle: true,
    preserveSymlinks: true, // a node_modules that is a link must not change the bytes
    write: false,
    metafile: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    charset: "utf8",
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none", // LICENSES.txt has them in full
    logLevel: "warning",
    plugins: [lazyModules, toolkitWithoutSideEffects],
    // A lazy bundle is loaded by require, so that all its exports are seen.
    supported: { "dynamic-import": false },
    // CommonJS has no import.meta: https://github.com/evanw/esbuild/issues/1492
    define: { "import.meta.url": "importMetaUrl" },
    banner: { js: '"use strict";const importMetaUrl=require("node:url").pathToFileURL(__filename).href;' },
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [basename(path), Buffer.from(contents)]));
  files.set("LICENSES.txt", Buffer.from(licences(Object.keys(metafile.inputs))));
  return files;
}

/** The folders of the packages that the bundled files come from. */
function packageFolders(inputs) {
  const found = inputs.map((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return [...new Set(found.filter((folder) => folder !== undefined))];
}

function licences(inputs) {
  const texts = packageFolders(inputs).map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    const notices = readdirSync(join(root, folder)).filter((file) => /^(licen[cs]e|notice)/i.test(file));
    const body = notices.sort().map((file) =>
      readFileSync(join(root, folder, file), "utf8")
        .replaceAll("\r\n", "\n")
        .trim(),
    );
    return `${name} ${version} (${license})\n\n${body.length > 0 ? body.join("\n\n") : "The package comes without the text of its licence."}\n`;
  });
  const rule = `\n${"-".repeat(80)}\n\n`;
  return `The bundles in this folder contain the packages below.\n${rule}${[...new Set(texts)].sort().join(rule)}`;
}

function tooLarge(files) {
  return [...files]
    .filter(([, content]) => content.length > bundleLimit)
    .map(([name, { length }]) => `dist/${name} has ${length} bytes; the limit is ${bundleLimit}`);
}

function distFiles() {
  return existsSync(dist) ? readdirSync(dist) : [];
}

function differences(files) {
  const stale = distFiles().filter((name) => !files.has(name));
  const changed = [...files].filter(([name, content]) => {
    const path = join(dist, name);
    return !existsSync(path) || !readFileSync(path).equals(content);
  });
  return [
    ...stale.map((name) => `dist/${name} is no longer made; run: npm run build`),
    ...changed.map(([name]) => `dist/${name} is not what src/ makes; run: npm run build`),
  ];
}

function write(files) {
  mkdirSync(dist, { recursive: true });
  for (const name of distFiles()) {
    if (!files.has(name)) rmSync(join(dist, name), { recursive: true });
  }
  for (const [name, content] of files) {
    writeFileSync(join(dist, name), content);
    console.log(`dist/${name}  ${Math.ceil(content.length / 1000)} kB`);
  }
}

const files = await bundle().catch((error) => {
  if (error.errors === undefined) throw error;
  process.exit(1); // esbuild has said what is wrong
});
const problems = tooLarge(files);
if (process.argv.includes("--check")) problems.push(...differences(files));
else write(files);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;

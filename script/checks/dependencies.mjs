// Every dependency is named by its exact version, and the lock file says the same.
import { readFileSync } from "node:fs";

const read = (path) => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"));
const manifest = read("package.json");
const lock = read("package-lock.json");
const locked = lock.packages[""];

const problems = [];
for (const kind of ["dependencies", "devDependencies"]) {
  const [asked, kept] = [manifest[kind] ?? {}, locked[kind] ?? {}];
  for (const name of new Set([...Object.keys(asked), ...Object.keys(kept)])) {
    const version = asked[name];
    if (version !== undefined && !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      problems.push(`package.json: ${name} is ${version}; name one version, without ^ or ~`);
    if (
      version !== kept[name] ||
      (version !== undefined && lock.packages[`node_modules/${name}`]?.version !== version)
    )
      problems.push(
        `${name}: package.json says ${version}, package-lock.json ${kept[name]}; run: npm install`,
      );
  }
}
if (locked.version !== manifest.version)
  problems.push(`package.json is ${manifest.version}, package-lock.json ${locked.version}; run: npm install`);
for (const [path, { resolved, integrity, link }] of Object.entries(lock.packages)) {
  if (path === "" || link === true) continue;
  if (integrity === undefined) problems.push(`package-lock.json: ${path} has no integrity`);
  if (resolved !== undefined && !resolved.startsWith("https://registry.npmjs.org/"))
    problems.push(`package-lock.json: ${path} comes from ${resolved}`);
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;

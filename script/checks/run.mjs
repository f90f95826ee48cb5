// Runs the checks, two at a time; see script/check.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const workers = 2;
const bin = (name) => `node_modules/.bin/${name}`;

/** Shell scripts, by their first line. What they source is checked with them. */
function shellScripts() {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "script", "lab", ".ci"];
  const paths = execFileSync("git", args, { encoding: "utf8" }).split("\0");
  return paths.filter((path) => path !== "" && existsSync(path) && /^#!.*\b(ba)?sh\b/.test(firstLine(path)));
}

function firstLine(path) {
  return readFileSync(path, "utf8").split("\n", 1)[0];
}

/** The slow ones first, so that the two lanes end together. */
const checks = {
  rules: [bin("eslint"), "--max-warnings=0", "."],
  types: [bin("tsc"), "--project", "."],
  unused: [bin("knip")],
  imports: [bin("depcruise"), "--config", ".dependency-cruiser.cjs", "src"],
  lint: [bin("biome"), "check", "--error-on-warnings", "."],
  dist: [process.execPath, "script/build.mjs", "--check"],
  shell: ["shellcheck", "--external-sources", "--check-sourced", ...shellScripts()],
  workflows: [process.execPath, "script/checks/workflows.mjs"],
  generated: [process.execPath, "script/generate.mjs", "--check"],
  dependencies: [process.execPath, "script/checks/dependencies.mjs"],
};

const remedies = {
  shellcheck: "shellcheck is not installed; on Debian and Ubuntu: apt-get install shellcheck",
};

/** Resolves to the exit code and all that the program printed. */
function run([program, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    const chunks = [];
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.stderr.on("data", (chunk) => chunks.push(chunk));
    child.on("error", (error) => {
      const why =
        error.code === "ENOENT" ? (remedies[program] ?? `${program} is not installed`) : error.message;
      resolve({ code: 127, output: why });
    });
    child.on("close", (code) => resolve({ code, output: Buffer.concat(chunks).toString().trim() }));
  });
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => checks[name] === undefined);
if (unknown.length > 0) {
  console.error(`No check is named ${unknown.join(", ")}; there are: ${Object.keys(checks).join(", ")}`);
  process.exit(2);
}

const waiting = Object.entries(checks).filter(([name]) => asked.length === 0 || asked.includes(name));
const total = waiting.length;
const failed = [];

async function lane() {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const [name, command] = next;
    const begun = performance.now();
    const { code, output } = await run(command);
    const time = `${((performance.now() - begun) / 1000).toFixed(1)} s`.padStart(7);
    console.log(`${code === 0 ? "ok    " : "FAILED"} ${name.padEnd(12)} ${time}`);
    if (code === 0) continue;
    failed.push(name);
    console.log(output.replace(/^/gm, "       | "));
  }
}

await Promise.all(Array.from({ length: workers }, lane));
console.log(`checks: ${total - failed.length} passed, ${failed.length} failed`);
if (failed.length > 0) process.exitCode = 1;

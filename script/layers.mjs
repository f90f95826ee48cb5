// Runs the named layers (checks, unit, integration, e2e) one after the other and ends with
// `N passed, N failed, N skipped` over all of them. A layer that was asked for and ran no test has failed.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Resolves to the exit code and, where it is kept, the output. */
function run(command, args, { keep = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", keep ? "pipe" : "inherit", "inherit"] });
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      output += text;
      process.stdout.write(text);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

async function checks() {
  const { code, output } = await run("script/check", [], { keep: true });
  const [, passed, failed] = /^checks: (\d+) passed, (\d+) failed$/m.exec(output) ?? [];
  if (passed === undefined) return { passed: 0, failed: 1, skipped: 0 };
  return { passed: Number(passed), failed: Math.max(Number(failed), code === 0 ? 0 : 1), skipped: 0 };
}

async function tests(layer) {
  const folder = mkdtempSync(join(tmpdir(), "layer-"));
  const report = join(folder, "report.json");
  const args = [
    "run",
    "--project",
    layer,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ];
  try {
    const { code } = await run("node_modules/.bin/vitest", args);
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
      readFileSync(report, "utf8"),
    );
    // A file that cannot be loaded has no tests that fail; nor has a layer without tests.
    const broken = numFailedTests === 0 && (code !== 0 || numPassedTests === 0) ? 1 : 0;
    return {
      passed: numPassedTests,
      failed: numFailedTests + broken,
      skipped: numPendingTests + numTodoTests,
    };
  } catch (error) {
    console.error(`The ${layer} tests left no report: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const results = [];
for (const layer of process.argv.slice(2)) {
  console.log(`\n== ${layer}`);
  const begun = performance.now();
  const result = layer === "checks" ? await checks() : await tests(layer);
  results.push({ layer, seconds: Math.round((performance.now() - begun) / 1000), ...result });
}
console.log();
for (const { layer, seconds, passed, failed, skipped } of results)
  console.log(`${layer}: ${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds} s`);
const sum = (what) => results.reduce((total, result) => total + result[what], 0);
console.log(`${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
if (sum("failed") > 0) process.exitCode = 1;

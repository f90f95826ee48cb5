import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newFolder } from "./new-folder.ts";

/** The bundle, run as a runner runs it, with an error in it that no promise carries. */
async function runWithStrayError(bundle: string) {
  const folder = await newFolder();
  const stray = join(folder, "stray.cjs");
  await writeFile(stray, 'setImmediate(() => { throw new Error("nobody hears this"); });\n');
  const env = { PATH: join(folder, "no-docker"), RUNNER_TEMP: folder, "INPUT_CLUSTER-NAME": "kind" };
  return spawnSync(process.execPath, ["--require", stray, bundle], {
    encoding: "utf8",
    env,
    timeout: 30_000,
  });
}

test("a stray error in main is one failure that asks for a report, without the bundle's source", async () => {
  const { status, stdout, stderr } = await runWithStrayError("dist/main.cjs");
  expect(stdout).toContain("::error::A defect of this action, please report it");
  expect(stdout).toContain("Error: nobody hears this");
  expect(stderr).toBe("");
  expect(status).toBe(1);
});

test("a stray error in post is a warning, and post goes on to its end", async () => {
  const { status, stdout, stderr } = await runWithStrayError("dist/post.cjs");
  expect(stdout).toContain("::warning::A defect of this action, please report it");
  expect(stdout).toContain("Removing the cluster failed");
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

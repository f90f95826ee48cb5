import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** An empty folder of that path under one of the test's own, which goes with the test. */
export async function newFolder(...path: string[]): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "unit-test-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const folder = join(root, ...path);
  await mkdir(folder, { recursive: true });
  return folder;
}

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ProcessRunner } from "../support/process-runner.ts";

/**
 * The folder in which a commit is checked out, itself or merged into another (as `refs/pull/1/merge` is): the workspace
 * or one right below it, since checkout can be told a path. Undefined when there is none.
 */
export async function checkoutOf(
  sha: string,
  workspace: string,
  runner: ProcessRunner,
): Promise<string | undefined> {
  const below = await readdir(workspace).catch(() => []);
  const folders = [workspace, ...below.map((name) => join(workspace, name))];
  const looked = await Promise.all(
    folders.filter((folder) => existsSync(join(folder, ".git"))).map((folder) => holds(sha, folder, runner)),
  );
  return looked.find((folder) => folder !== undefined);
}

async function holds(sha: string, folder: string, runner: ProcessRunner): Promise<string | undefined> {
  // The workspace may belong to another user, as in a container job. Nothing of the repository is run by these.
  const git = ["git", "-c", "safe.directory=*", "-C", folder] as const;
  const deadline = 10_000;
  const [head, commit] = await Promise.all([
    runner.run([...git, "rev-parse", "HEAD"], { deadline }),
    runner.run([...git, "cat-file", "commit", "HEAD"], { deadline }),
  ]).catch(() => []);
  const parents = [...(commit?.stdout.split("\n\n")[0] ?? "").matchAll(/^parent (\w+)$/gm)];
  const commits = [head?.stdout.trim(), ...parents.map(([, parent]) => parent)];
  // Where git cannot tell, a stranger's code may well be there.
  return head === undefined || head.code !== 0 || commits.includes(sha) ? folder : undefined;
}

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ProcessRunner } from "../support/process-runner.ts";

/** The head of a pull request. */
interface Theirs {
  readonly sha: string;
  /** `owner/name`; undefined when it is gone. */
  readonly repository: string | undefined;
}

/**
 * The folder in which the head of a pull request is checked out, itself or merged into another (as `refs/pull/1/merge` is):
 * the workspace or one right below it, since checkout can be told a path. A commit that was pushed after the event is told
 * by where it was fetched from. Undefined when there is none.
 */
export async function checkoutOf(
  theirs: Theirs,
  workspace: string,
  runner: ProcessRunner,
): Promise<string | undefined> {
  const below = await readdir(workspace).catch(() => []);
  const folders = [workspace, ...below.map((name) => join(workspace, name))];
  const looked = await Promise.all(
    folders
      .filter((folder) => existsSync(join(folder, ".git")))
      .map(async (folder) => ((await holds(theirs, folder, runner)) ? folder : undefined)),
  );
  return looked.find((folder) => folder !== undefined);
}

async function holds({ sha, repository }: Theirs, folder: string, runner: ProcessRunner): Promise<boolean> {
  // The workspace may belong to another user, as in a container job. Nothing of the repository is run by these.
  const git = (...args: string[]) =>
    runner.run(["git", "-c", "safe.directory=*", "-C", folder, ...args], { deadline: 10_000 });
  try {
    const [head, commit, pullRefs, origin] = await Promise.all([
      git("rev-parse", "HEAD"),
      git("cat-file", "commit", "HEAD"),
      git("for-each-ref", "--points-at=HEAD", "refs/pull", "refs/remotes/pull"),
      git("config", "--get", "remote.origin.url"),
    ]);
    const parents = [...(commit.stdout.split("\n\n")[0] ?? "").matchAll(/^parent (\w+)$/gm)];
    const commits = [head.stdout.trim(), ...parents.map(([, parent]) => parent)];
    return (
      head.code !== 0 ||
      commits.includes(sha) ||
      pullRefs.stdout !== "" ||
      isAddressOf(repository, origin.stdout)
    );
  } catch {
    // Where git cannot tell, a stranger's code may well be there.
    return true;
  }
}

/** `https://github.com/owner/name.git`, `git@github.com:owner/name`; names are of one kind in either case. */
function isAddressOf(repository: string | undefined, url: string): boolean {
  const [name] = /[^/:]+\/[^/]+$/.exec(url.trim().replace(/(\.git)?\/?$/, "")) ?? [];
  return repository !== undefined && name?.toLowerCase() === repository.toLowerCase();
}

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { messageOf } from "../support/errors.ts";
import type { Argv } from "../support/process-runner.ts";
import { idsOf } from "./manifests.ts";
import type { NodeImage } from "./node-images.ts";
import type { ToolDeps } from "./tool-deps.ts";
import { sumOfFile, toolRoot } from "./tool-folder.ts";

/** How the daemon is spoken to: `["docker"]`, `["docker", "--context", "far"]`. */
export type DockerArgv = readonly [program: string, ...args: string[]];

type Image = Pick<NodeImage, "reference" | "digest">;

interface Kept {
  readonly key: string;
  /** What the image must be. */
  readonly digest: string;
  /** The daemon's, as `linux-amd64`. */
  readonly platform: string;
  /** The same in every job: the toolkit finds a cache by its paths too. */
  readonly folder: string;
  readonly archive: string;
  readonly account: string;
  /** A name of our own for the image: `docker load` brings no digests back, and kind's tag may be the user's. */
  readonly tag: string;
}

const accountSchema = z.object({
  reference: z.string(),
  id: z.string(),
  sha256: z.string(),
  /** By which the digest names the id, so that the account need not be believed. */
  manifests: z.array(z.string()),
});

/** Reads an image's manifests from its registry. @see idsOf */
export type ManifestsOf = (image: {
  readonly reference: string;
  readonly digest: string;
  /** `linux-amd64` */
  readonly platform: string;
}) => Promise<readonly string[]>;

/** Milliseconds to save or load a gigabyte. */
const deadline = 300_000;

/**
 * Brings the node image from the Actions cache onto the daemon, when `cache` is `all`. Others may have written there: the
 * loaded image must be the one that the digest names.
 * @returns the name it has there, or undefined when it is there already or is to be pulled. Never fails.
 */
export async function restoreNodeImage(
  image: Image,
  docker: DockerArgv,
  deps: ToolDeps,
): Promise<string | undefined> {
  const kept = await keptOf(image, docker, deps);
  if (kept === undefined) return undefined;
  return withFolder(kept, "restored from", deps, async () => {
    if ((await idOf(image.reference, docker, deps)) !== undefined) return undefined;
    const { restoreFiles } = await deps.actionsCache();
    if (!(await restoreFiles(kept.key, [kept.folder], deps.logger))) return undefined;
    const account = accountSchema.parse(JSON.parse(await readFile(kept.account, "utf8")));
    if (account.reference !== image.reference || account.sha256 !== (await sumOfFile(kept.archive))) {
      throw new Error("what was restored is not what was saved");
    }
    if (!idsOf(kept.digest, account.manifests).includes(account.id))
      throw new Error(`it is not the image of ${kept.digest}`);
    await load(kept, account.id, docker, deps);
    return kept.tag;
  });
}

/**
 * @throws Error when the archive holds anything else than the image of that id: the daemon would have it under a name that
 * somebody trusts.
 */
async function load(
  { archive, tag }: Kept,
  expected: string,
  docker: DockerArgv,
  deps: ToolDeps,
): Promise<void> {
  const said = await deps.runner.output([...docker, "load", "--quiet", "--input", archive], { deadline });
  const loaded = [...said.matchAll(/^Loaded image(?: ID)?: (\S+)$/gm)].map(([, name = ""]) => name);
  const others = loaded.filter((name) => name !== tag);
  const id = await idOf(tag, docker, deps);
  if (id === expected && others.length === 0) return;
  for (const name of [tag, ...others])
    await deps.runner.run([...docker, "rmi", "--force", name], { deadline });
  const [other] = others;
  throw new Error(
    other === undefined
      ? `the archive held ${id ?? "no image of that name"}, expected ${expected}`
      : `the archive held ${other} too`,
  );
}

/** Saves the node image for later jobs, when `cache` is `all`; call it when nobody waits. Never fails. */
export async function saveNodeImage(
  image: Image,
  docker: DockerArgv,
  deps: ToolDeps & { readonly manifestsOf: ManifestsOf },
): Promise<void> {
  const kept = await keptOf(image, docker, deps);
  if (kept === undefined) return;
  await withFolder(kept, "saved to", deps, async () => {
    const id = await idOf(image.reference, docker, deps);
    // Pulled under another name, or restored from this very cache.
    if (id === undefined || (await idOf(kept.tag, docker, deps)) !== undefined) return;
    const manifests =
      id === kept.digest
        ? []
        : await deps.manifestsOf({
            reference: image.reference,
            digest: kept.digest,
            platform: kept.platform,
          });
    if (!idsOf(kept.digest, manifests).includes(id))
      throw new Error(`the daemon has ${id} as ${image.reference}, which its manifests do not name`);
    await run([...docker, "tag", image.reference, kept.tag], deps);
    try {
      await run([...docker, "save", "--output", kept.archive, kept.tag], deps);
    } finally {
      await deps.runner.run([...docker, "rmi", "--no-prune", kept.tag], { deadline });
    }
    const sha256 = await sumOfFile(kept.archive);
    await writeFile(kept.account, JSON.stringify({ reference: image.reference, id, sha256, manifests }));
    const { saveFiles } = await deps.actionsCache();
    await saveFiles(kept.key, [kept.folder], deps.logger);
  });
}

async function keptOf({ digest }: Image, docker: DockerArgv, deps: ToolDeps): Promise<Kept | undefined> {
  const { cacheScope, env, runner } = deps;
  // Without a digest nothing tells whether the kept one is still the one that the tag means.
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest ?? "")?.[1];
  if (cacheScope !== "all" || digest === undefined || hex === undefined) return undefined;
  // The daemon's, which may be another machine's than ours.
  const asked: Argv = [...docker, "version", "--format", "{{.Server.Os}}-{{.Server.Arch}}"];
  const { code, stdout } = await runner.run(asked, { deadline: 30_000 });
  if (code !== 0) return undefined;
  const platform = stdout.trim();
  const folder = join(toolRoot(env), "kind-ci-action-node-image", hex);
  return {
    key: `kind-ci-action-2-node-image-${platform}-${hex}`,
    digest,
    platform,
    folder,
    archive: join(folder, "image.tar"),
    account: join(folder, "image.json"),
    tag: `kind-ci-action/node:${hex}`,
  };
}

/** The folder is there for the work alone: it holds a gigabyte. */
async function withFolder<T>(
  { folder }: Kept,
  did: string,
  { logger }: ToolDeps,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    await mkdir(folder, { recursive: true });
    return await work();
  } catch (error) {
    logger.warning(`The node image could not be ${did} the Actions cache: ${messageOf(error)}`);
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

async function run(argv: Argv, { runner }: ToolDeps): Promise<void> {
  await runner.output(argv, { deadline });
}

async function idOf(name: string, docker: DockerArgv, { runner }: ToolDeps): Promise<string | undefined> {
  const argv: Argv = [...docker, "image", "inspect", "--format", "{{.Id}}", name];
  const { code, stdout } = await runner.run(argv, { deadline: 30_000 });
  return code === 0 ? stdout.trim() : undefined;
}

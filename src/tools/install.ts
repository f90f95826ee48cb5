import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { span } from "../support/clock.ts";
import { DownloadError, EnvironmentError, messageOf } from "../support/errors.ts";
import { builtInSum } from "./catalogue.ts";
import { downloadFailure, downloadFile, downloadText } from "./download.ts";
import { onPath } from "./on-path.ts";
import { type Place, placeOf } from "./places.ts";
import { type Platform, platformOf } from "./platform.ts";
import { isLocal } from "./retry.ts";
import type { ToolDeps } from "./tool-deps.ts";
import {
  distrust,
  keep,
  leaveOnly,
  lookInto,
  sumOfFile,
  type ToolFolder,
  toolFolder,
  toolRoot,
} from "./tool-folder.ts";

export interface ToolRequest {
  readonly name: "kind" | "kubectl";
  /** With its v: `v0.33.0`. */
  readonly version: string;
}

export interface InstalledTool {
  /** Of the program, which has the tool's own name. */
  readonly path: string;
  /** With its v. */
  readonly version: string;
  readonly source: "path" | "tool-cache" | "actions-cache" | "download";
  /** How long it took, in milliseconds. */
  readonly ms: number;
}

/** One tool on its way here. */
interface Wanted {
  readonly request: ToolRequest;
  readonly what: string;
  readonly platform: Platform;
  readonly place: Place;
  readonly kept: ToolFolder;
  /** The sum that the action itself knows. */
  readonly builtIn: string | undefined;
}

/**
 * The tool from the nearest place that has it: PATH, the runner's tool cache, the Actions cache when asked, the
 * network. What is not from PATH was verified just now.
 * @throws DownloadError, EnvironmentError for a machine that there is no binary for.
 */
export async function installTool(request: ToolRequest, deps: ToolDeps): Promise<InstalledTool> {
  const start = deps.clock.now();
  const wanted = wantedOf(request, deps);
  const [path, source] = await bring(wanted, deps);
  const ms = deps.clock.now() - start;
  deps.logger.info(`${wanted.what} from ${sourceWords[source]} in ${span(ms)}: ${path}`);
  return { path, version: request.version, source, ms };
}

const sourceWords: Readonly<Record<InstalledTool["source"], string>> = {
  path: "PATH",
  "tool-cache": "the tool cache",
  "actions-cache": "the Actions cache",
  download: "the network",
};

function wantedOf(request: ToolRequest, { platform, arch, env, mirror }: ToolDeps): Wanted {
  const on = platformOf(platform, arch);
  return {
    request,
    what: `${request.name} ${request.version}`,
    platform: on,
    place: placeOf(request, on, mirror),
    kept: toolFolder(toolRoot(env), request.name, request.version, on.nodeArch),
    builtIn: builtInSum(request.name, request.version, on.name),
  };
}

async function bring(wanted: Wanted, deps: ToolDeps): Promise<[string, InstalledTool["source"]]> {
  const present = await onPath(wanted.request, deps);
  if (present !== undefined) return [present, "path"];
  const { program } = wanted.kept;
  if (await isKept(wanted, deps)) return [program, "tool-cache"];
  if (deps.cacheScope !== "none" && (await isRestored(wanted, deps))) return [program, "actions-cache"];
  await fetchInto(wanted, deps);
  return [program, "download"];
}

async function isKept({ what, kept, builtIn }: Wanted, { logger }: ToolDeps): Promise<boolean> {
  const found = await lookInto(kept, builtIn);
  if (found.state === "altered") {
    logger.warning(
      `${what} in the tool cache is not what was stored (${kept.program}): its sha256 is ${found.actual}, ` +
        `expected ${found.expected}. It is fetched afresh.`,
    );
    await distrust(kept);
  }
  return found.state === "good";
}

/** From the Actions cache, whose content others of the repository wrote: held to the same sum as a download. */
async function isRestored(wanted: Wanted, deps: ToolDeps): Promise<boolean> {
  const { what, kept } = wanted;
  const { logger } = deps;
  try {
    const { restoreFiles } = await deps.actionsCache();
    if (!(await restoreFiles(cacheKey(wanted), [kept.folder], logger))) return false;
    const [expected, actual] = await Promise.all([
      wanted.builtIn ?? publishedSum(wanted, AbortSignal.timeout(60_000), deps),
      sumOfFile(kept.program),
    ]);
    if (actual === expected) {
      // Its folder comes first on PATH: nothing else that was in the cache may be there.
      await leaveOnly(kept.program);
      await keep(kept.program, expected, kept);
      return true;
    }
    logger.warning(
      `${what} in the Actions cache is not the released one: sha256 ${actual}, expected ${expected}`,
    );
  } catch (error) {
    logger.warning(`${what} could not be taken from the Actions cache: ${messageOf(error)}`);
  }
  await distrust(kept);
  return false;
}

/**
 * Saves what was downloaded in this run, for later jobs. Warns but never fails; call it when nobody waits.
 */
export async function saveTools(
  tools: readonly (InstalledTool & ToolRequest)[],
  deps: ToolDeps,
): Promise<void> {
  const fresh = tools.filter(({ source }) => source === "download");
  if (deps.cacheScope === "none" || fresh.length === 0) return;
  try {
    const { saveFiles } = await deps.actionsCache();
    for (const tool of fresh) {
      const wanted = wantedOf(tool, deps);
      await saveFiles(cacheKey(wanted), [wanted.kept.folder], deps.logger);
    }
  } catch (error) {
    deps.logger.warning(`kind and kubectl could not be put into the Actions cache: ${messageOf(error)}`);
  }
}

function cacheKey({ request, platform }: Wanted): string {
  return `kind-ci-action-1-${request.name}-${request.version}-${platform.name}`;
}

/** Downloads, verifies and keeps. Nothing of a failure stays. */
async function fetchInto(wanted: Wanted, deps: ToolDeps): Promise<void> {
  const { what, place, kept } = wanted;
  const folder = join(deps.temporaryFolder, `kind-ci-action-${wanted.request.name}-${randomUUID()}`);
  const file = join(folder, wanted.request.name);
  const stop = new AbortController();
  try {
    await mkdir(folder, { recursive: true });
    const [actual, expected] = await bothOrStop(
      downloadFile(file, { what, url: place.binary, signal: stop.signal }, deps).catch((error: unknown) => {
        throw downloadFailure(error, { what, url: place.binary }, { notThere: notThere(wanted, deps) });
      }),
      wanted.builtIn ?? publishedSum(wanted, stop.signal, deps),
      stop,
    );
    if (actual !== expected) throw wrongSum(wanted, actual, expected);
    await keep(file, actual, kept).catch((error: unknown) => {
      throw isLocal(error) ? cannotKeep(what, error) : error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function cannotKeep(what: string, error: unknown): EnvironmentError {
  return new EnvironmentError(
    {
      tried: `keep ${what} in the runner's tool cache`,
      seen: messageOf(error),
      todo: "make room, let the runner's user write there, or name another folder in RUNNER_TOOL_CACHE",
    },
    { cause: error },
  );
}

/** As Promise.all, but leaves nothing running behind a failure. */
async function bothOrStop<A, B>(a: Promise<A>, b: B | Promise<B>, stop: AbortController): Promise<[A, B]> {
  try {
    return await Promise.all([a, b]);
  } catch (error) {
    stop.abort();
    await Promise.allSettled([a, b]);
    throw error;
  }
}

/** The sum that is published beside the binary. */
async function publishedSum(wanted: Wanted, signal: AbortSignal, deps: ToolDeps): Promise<string> {
  const { place, what } = wanted;
  const download = { what: `the sha256 sum of ${what}`, url: place.sum, signal };
  const text = await downloadText(download, deps).catch((error: unknown) => {
    throw downloadFailure(error, download, { notThere: notThere(wanted, deps) });
  });
  const sum = /^[0-9a-f]{64}(?=\s|$)/i.exec(text.trim())?.[0].toLowerCase();
  if (sum !== undefined) return sum;
  throw new DownloadError({
    tried: `verify ${what}`,
    seen: `${place.sum} holds no sha256 sum but ${JSON.stringify(text.trim().slice(0, 80))}`,
    todo: "see what answers at that address; nothing is used unverified",
  });
}

function wrongSum({ what, place, builtIn }: Wanted, actual: string, expected: string): DownloadError {
  const from = builtIn === undefined ? `${place.sum} says` : "the action knows";
  return new DownloadError({
    tried: `verify ${what} from ${place.binary}`,
    seen: `its sha256 sum is ${actual}, but ${from} ${expected}; the file was deleted`,
    todo: "run the job again; if the sum stays wrong, tell the owner of that server and do not use it",
  });
}

function notThere({ request, place }: Wanted, { mirror }: ToolDeps): string {
  const input = `${request.name}-version`;
  return mirror === undefined
    ? `choose one of ${place.versions} for ${input}`
    : `put that version into the mirror, or choose another for ${input} (${place.versions})`;
}

import { compare, minor, parse } from "semver";
import * as z from "zod";
import type { KubernetesVersion } from "../settings/settings.ts";
import { DownloadError, UsageError } from "../support/errors.ts";
import { type CatalogueImage, kindRelease, newestKindWith } from "./catalogue.ts";
import { downloadFailure, downloadText } from "./download.ts";
import { releaseUrl } from "./places.ts";
import { parseReleaseNotes } from "./release-notes.ts";
import { causeOf, RefusedError } from "./retry.ts";
import type { ToolDeps } from "./tool-deps.ts";

/** A node image of kind's. */
export interface NodeImage {
  /** The Kubernetes version, without a v: `1.34.4`. */
  readonly version: string;
  /** With its digest where that is known: `kindest/node:v1.34.4@sha256:…`. */
  readonly reference: string;
  /** `sha256:…` */
  readonly digest: string | undefined;
}

export interface NodeImages {
  /** At least one; the default one first. */
  readonly images: readonly NodeImage[];
  readonly source: "mirror-notes" | "catalogue" | "release-notes";
}

/**
 * The node images of a kind release. What a mirror says wins over the built-in catalogue; GitHub is asked only
 * for a release that the catalogue does not know.
 * @throws DownloadError when no source tells.
 */
export async function nodeImagesOf(kindVersion: string, deps: ToolDeps): Promise<NodeImages> {
  const known = kindRelease(kindVersion)?.images.map(fromCatalogue);
  if (known !== undefined && deps.mirror === undefined) return { images: known, source: "catalogue" };
  const source = deps.mirror === undefined ? "release-notes" : "mirror-notes";
  try {
    return { images: await readReleaseNotes(kindVersion, deps), source };
  } catch (error) {
    if (known === undefined) throw noSourceTells(error, kindVersion, deps);
    deps.logger.debug(`the mirror tells no node images (${causeOf(error)}); the built-in ones are used`);
    return { images: known, source: "catalogue" };
  }
}

function fromCatalogue({ version, sha256 }: CatalogueImage): NodeImage {
  const name = `kindest/node:v${version}`;
  return sha256 === undefined
    ? { version, reference: name, digest: undefined }
    : { version, reference: `${name}@sha256:${sha256}`, digest: `sha256:${sha256}` };
}

const releaseSchema = z.object({ body: z.string().nullish() });

async function readReleaseNotes(kindVersion: string, deps: ToolDeps): Promise<NodeImage[]> {
  const text = await downloadText(
    {
      what: `the release notes of kind ${kindVersion}`,
      url: releaseUrl(kindVersion, deps.mirror),
      signal: new AbortController().signal,
      accept: "application/vnd.github+json",
      bearer: bearerFor(deps),
    },
    deps,
  );
  const images = parseReleaseNotes(releaseSchema.parse(JSON.parse(text)).body ?? "");
  if (images.length === 0) throw new Error("they name no node image by digest");
  return images;
}

/** The token is of one GitHub server, and api.github.com belongs to github.com. A mirror never gets it. */
function bearerFor({ token, mirror, githubServerUrl }: ToolDeps): string | undefined {
  const ofGithub = URL.canParse(githubServerUrl) && new URL(githubServerUrl).hostname === "github.com";
  return mirror === undefined && ofGithub ? token : undefined;
}

function noSourceTells(error: unknown, kindVersion: string, deps: ToolDeps): DownloadError {
  const what = `the release notes of kind ${kindVersion}`;
  const url = releaseUrl(kindVersion, deps.mirror);
  const wayOut = "or name the image in node-image";
  const refused = error instanceof RefusedError;
  if (refused && (error.status === 403 || error.status === 429)) {
    const todo = `give a token with the input token, ${wayOut}`;
    return new DownloadError({ tried: `read ${what}`, seen: causeOf(error), todo }, { cause: error });
  }
  if (refused && error.status === 401) {
    const todo = `correct the input token, or leave it out: any valid token of github.com does, ${wayOut}`;
    return new DownloadError({ tried: `read ${what}`, seen: causeOf(error), todo }, { cause: error });
  }
  if (error instanceof SyntaxError || error instanceof z.ZodError) {
    const seen = `${url} answers with something else than a release`;
    const todo = `see what answers at that address, ${wayOut}`;
    return new DownloadError({ tried: `read ${what}`, seen, todo }, { cause: error });
  }
  return downloadFailure(
    error,
    { what, url },
    {
      notThere: `choose one of https://github.com/kubernetes-sigs/kind/releases for kind-version, ${wayOut}`,
    },
  );
}

/**
 * The image for what was asked: nothing (kind's default), the latest, the newest patch of a minor, or exactly
 * one.
 * @throws UsageError naming the versions that this kind has, and the kind release that would have it.
 */
export function chooseNodeImage(
  request: KubernetesVersion | undefined,
  images: readonly NodeImage[],
  kindVersion: string,
): NodeImage {
  const suits = suiting(request);
  const fitting = images.filter(({ version }) => suits(version));
  const chosen =
    request === undefined ? images[0] : fitting.toSorted((a, b) => compare(b.version, a.version))[0];
  if (chosen !== undefined) return chosen;
  throw new UsageError([
    {
      input: "kubernetes-version",
      given: `${asked(request)}, for which kind ${kindVersion} has no node image`,
      allowed: [versionsOf(images), otherKind(suits, kindVersion), ownImage(request)].join("; "),
    },
  ]);
}

function suiting(request: KubernetesVersion | undefined): (version: string) => boolean {
  switch (request?.kind) {
    case undefined:
    case "latest":
      return () => true;
    case "minor":
      return (version) => minorOf(version) === request.minor;
    case "exact":
      return (version) => version === request.version;
  }
}

function minorOf(version: string): string {
  const parsed = parse(version);
  return parsed === null ? "" : `${parsed.major}.${minor(parsed)}`;
}

function asked(request: KubernetesVersion | undefined): string {
  switch (request?.kind) {
    case undefined:
    case "latest":
      return "latest";
    case "minor":
      return request.minor;
    case "exact":
      return request.version;
  }
}

function versionsOf(images: readonly NodeImage[]): string {
  const versions = [...new Set(images.map(({ version }) => version))].toSorted((a, b) => compare(b, a));
  return versions.length === 0 ? "none" : versions.join(", ");
}

function otherKind(suits: (version: string) => boolean, kindVersion: string): string {
  const other = newestKindWith(suits);
  return other === undefined || other === kindVersion
    ? "no kind release that the action knows has it"
    : `with kind-version ${other} also this one`;
}

function ownImage(request: KubernetesVersion | undefined): string {
  const example = request?.kind === "exact" ? `kindest/node:v${request.version}@sha256:…` : "name@sha256:…";
  return `any image when it is named in node-image (${example})`;
}

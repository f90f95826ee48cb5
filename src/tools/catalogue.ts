import { kindReleases } from "./catalogue-data.ts";
import type { PlatformName } from "./platform.ts";

/** What is known of a kind release without asking anyone. */
export interface KindRelease {
  /** With its v. */
  readonly version: string;
  /** The images built for this release, its default first. */
  readonly images: readonly CatalogueImage[];
  /** sha256 sums of its binaries; one that is not here is read from beside the binary. */
  readonly sums: Readonly<Partial<Record<PlatformName, string>>>;
}

export interface CatalogueImage {
  /** The Kubernetes version, without a v. */
  readonly version: string;
  /** The digest, 64 hex digits, where it is known. Releases push the same tag again with other contents. */
  readonly sha256?: string;
}

export function kindRelease(version: string): KindRelease | undefined {
  return kindReleases.find((release) => release.version === version);
}

/** The sum that the binary must have, or undefined when only a published one tells. */
export function builtInSum(name: string, version: string, platform: PlatformName): string | undefined {
  return name === "kind" ? kindRelease(version)?.sums[platform] : undefined;
}

/** The newest kind release with an image that `suits`. */
export function newestKindWith(suits: (kubernetes: string) => boolean): string | undefined {
  return kindReleases.find(({ images }) => images.some(({ version }) => suits(version)))?.version;
}

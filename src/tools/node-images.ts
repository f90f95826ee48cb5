import type { KubernetesVersion } from "../settings/settings.ts";
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
  /** The default one first. */
  readonly images: readonly NodeImage[];
  readonly source: "mirror-notes" | "catalogue" | "release-notes";
}

export declare function nodeImagesOf(kindVersion: string, deps: ToolDeps): Promise<NodeImages>;
export declare function chooseNodeImage(
  request: KubernetesVersion | undefined,
  images: readonly NodeImage[],
  kindVersion: string,
): NodeImage;

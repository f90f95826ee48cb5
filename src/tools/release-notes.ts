import type { NodeImage } from "./node-images.ts";

const imagePattern = /\bkindest\/node:v(\d+\.\d+\.\d+)@(sha256:[0-9a-f]{64})(?![0-9a-f])/g;

/**
 * The node images that the notes of a kind release name by digest, each once, in the order of the text: the
 * default comes first. Pre-releases are left out. The form of the lines around them changed often, so it is not
 * looked at.
 */
export function parseReleaseNotes(body: string): NodeImage[] {
  const images = new Map<string, NodeImage>();
  for (const [reference, version = "", digest] of body.matchAll(imagePattern)) {
    if (!images.has(reference)) images.set(reference, { version, reference, digest });
  }
  return [...images.values()];
}

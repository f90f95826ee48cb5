import { type Manifest, type RegistryReader, RegistryRefusal } from "./registry-reader.ts";
import { sideBySide } from "./side-by-side.ts";

/** More tags than these are not compared: post has minutes, not hours. */
const mostTags = 2000;
/** Indices within indices, at most; the specification allows them, builders do not make them. */
const deepest = 3;

/**
 * The other tags that would lose their image if `digest` were deleted: those that point to it, and those whose index
 * names it (an image pushed for one platform, later joined into an index under another tag).
 * @throws RegistryRefusal when any tag cannot be looked at: then nothing may be deleted by digest.
 */
export async function otherTagsOf(
  reader: RegistryReader,
  repository: string,
  { tag, digest, scope }: { readonly tag: string; readonly digest: string; readonly scope: string },
): Promise<readonly string[]> {
  const others = (await reader.tags(repository, scope)).filter((name) => name !== tag);
  if (others.length > mostTags) {
    throw new RegistryRefusal(`it has ${others.length} tags, too many to see which share the image`);
  }
  const looked = new Map<string, Promise<boolean>>();
  const holds = async (manifest: Manifest, depth: number): Promise<boolean> => {
    if (manifest.digest === digest) return true;
    if (depth === deepest)
      throw new RegistryRefusal("its indices are nested too deep to see what they share");
    const children = await reader.children(repository, manifest, scope);
    for (const child of children) if (await holds(child, depth + 1)) return true;
    return false;
  };
  const sharing = await sideBySide(others, 6, async (name) => {
    const manifest = await reader.manifest(repository, name, scope);
    // Gone since the list was made.
    if (manifest === undefined) return undefined;
    const known = looked.get(manifest.digest) ?? holds(manifest, 0);
    looked.set(manifest.digest, known);
    return (await known) ? name : undefined;
  });
  return sharing.filter((name) => name !== undefined);
}

/** `main`, `main and 2 others`: tags as part of a sentence. */
export function tagsInWords(tags: readonly string[]): string {
  const [first = "", ...others] = tags;
  if (others.length === 0) return first;
  return `${first} and ${others.length === 1 ? "1 other" : `${others.length} others`}`;
}

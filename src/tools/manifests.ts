import { createHash } from "node:crypto";
import * as z from "zod";
import { parsed } from "../support/json.ts";

const named = z.looseObject({ digest: z.string() });
const manifestForm = z.looseObject({
  /** An index names the manifests of its platforms, */
  manifests: z.array(named).optional(),
  /** and a manifest the configuration of an image. */
  config: named.optional(),
});

/**
 * The ids that the image of a digest may have on a daemon. One that keeps images as registries do names it by its digest,
 * others by that of its configuration.
 * @param manifests As the registry sends them: what has the digest, and, where that is an index, what it names for one platform.
 * @throws Error where one of them is not what the one before it names.
 */
export function idsOf(digest: string, manifests: readonly string[]): readonly string[] {
  const ids = [digest];
  let expected: readonly string[] = [digest];
  for (const text of manifests) {
    const own = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    if (!expected.includes(own)) throw new Error(`it is not the image of ${digest}`);
    const { manifests: children = [], config } = manifestForm.parse(parsed(text));
    ids.push(own, ...(config === undefined ? [] : [config.digest]));
    expected = children.map((child) => child.digest);
  }
  return ids;
}

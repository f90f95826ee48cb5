import * as z from "zod";
import { parsed } from "../support/json.ts";
import type { RegistryReader } from "./registry-reader.ts";

const indexForm = z.looseObject({
  manifests: z.array(
    z.looseObject({
      digest: z.string(),
      platform: z.looseObject({ os: z.string(), architecture: z.string() }).optional(),
    }),
  ),
});

/** An image in a registry. */
export interface ImageAsked {
  readonly repository: string;
  readonly digest: string;
  /** `linux-amd64` */
  readonly platform: string;
}

/**
 * What the digest is of, as the registry sends it, and, where that is an index, the manifest that it names for the platform.
 * @throws RegistryRefusal
 */
export async function imageManifests(
  reader: RegistryReader,
  { repository, digest, platform }: ImageAsked,
): Promise<string[]> {
  const scope = `repository:${repository}:pull`;
  const text = await reader.manifestText(repository, digest, scope);
  const index = indexForm.safeParse(parsed(text));
  const child = index.data?.manifests.find(
    (one) => one.platform !== undefined && `${one.platform.os}-${one.platform.architecture}` === platform,
  );
  return child === undefined ? [text] : [text, await reader.manifestText(repository, child.digest, scope)];
}

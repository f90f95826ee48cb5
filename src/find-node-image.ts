import type { Found } from "./plan/found.ts";
import type { Settings } from "./settings/settings.ts";
import { chooseNodeImage, nodeImagesOf } from "./tools/node-images.ts";
import type { ToolDeps } from "./tools/tool-deps.ts";

type FoundImage = Pick<Found, "image" | "imageReason" | "imageNotice">;

/**
 * The node image that the settings mean: the given one, or the one that the kind release knows for the asked
 * Kubernetes version.
 * @throws UsageError when this kind has no image for that version.
 */
export async function findNodeImage(settings: Settings, deps: ToolDeps): Promise<FoundImage> {
  if (settings.nodeImage !== undefined) return givenImage(settings.nodeImage);
  const { images, source } = await nodeImagesOf(settings.kindVersion, deps);
  const chosen = chooseNodeImage(settings.kubernetesVersion, images, settings.kindVersion);
  return {
    image: { reference: chosen.reference, digest: chosen.digest, kubernetesVersion: chosen.version },
    imageReason: `${asked(settings)}, as kind ${settings.kindVersion} has it (${source})`,
    imageNotice:
      chosen.digest === undefined
        ? `No digest is known for ${chosen.reference}: what the tag names may change. Pin one with node-image.`
        : undefined,
  };
}

/** A given image; its tag tells the Kubernetes version when it is a release's; of v1.34.4-custom there is no kubectl. */
function givenImage(reference: string): FoundImage {
  const [name, digest] = reference.split("@");
  return {
    image: {
      reference,
      digest,
      kubernetesVersion: /:v(\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)\.\d+)?)$/.exec(name ?? "")?.[1],
    },
    imageReason: "node-image",
    imageNotice: undefined,
  };
}

function asked({ kubernetesVersion }: Settings): string {
  switch (kubernetesVersion?.kind) {
    case undefined:
      return "kind's default";
    case "latest":
      return "the latest";
    case "minor":
      return `the newest ${kubernetesVersion.minor}`;
    case "exact":
      return kubernetesVersion.version;
  }
}

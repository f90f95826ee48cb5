import { readFile } from "node:fs/promises";
import { accessOptions, type FindRemoteDeps, findLogin } from "../find-remote-registry.ts";
import { certificateText } from "../remote-registry/certificate.ts";
import { partsOf, remoteRegistry } from "../remote-registry/reference.ts";
import type { Settings } from "../settings/settings.ts";
import type { ManifestsOf } from "../tools/node-image-cache.ts";

/** Reads an image's manifests with the docker login, or as the inputs say where its registry is the remote one. */
export function manifestsFor(
  { remoteRegistry: remote }: Pick<Settings, "remoteRegistry">,
  deps: Pick<FindRemoteDeps, "env" | "runner" | "clock" | "logger">,
): ManifestsOf {
  return async ({ reference, digest, platform }) => {
    const { host, repository } = partsOf(reference);
    const asked = remote?.prefix.host === host ? remote : undefined;
    const login = await findLogin(
      { prefix: { host, path: "" }, username: asked?.username, password: asked?.password },
      deps,
    );
    const ca =
      asked?.ca === undefined ? undefined : await certificateText(asked.ca, (path) => readFile(path, "utf8"));
    const registry = remoteRegistry({ host, path: "" }, asked?.plainHttp ?? false);
    const { readManifestsAt } = await import("../remote-registry/registry-access.lazy.ts");
    return readManifestsAt(accessOptions(registry, login, ca, deps), { repository, digest, platform });
  };
}

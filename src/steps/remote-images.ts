import { readFile } from "node:fs/promises";
import { accessOptions, findLogin } from "../find-remote-registry.ts";
import type { LedgerContent, LedgerEntry } from "../ledger.ts";
import { remoteRegistry } from "../remote-registry/reference.ts";
import type { Settings } from "../settings/settings.ts";
import type { Clock } from "../support/clock.ts";
import { messageOf } from "../support/errors.ts";
import type { Logger } from "../support/logger.ts";
import type { ProcessRunner } from "../support/process-runner.ts";

export type RemoteImages = Extract<LedgerEntry, { resource: "remote-images" }>;

interface DeleteDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly runner: ProcessRunner;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What later steps may have pushed to a remote registry under this run's tag. */
export function remoteImagesIn({ entries }: LedgerContent): RemoteImages[] {
  return entries.filter((entry) => entry.resource === "remote-images");
}

/**
 * Deletes this run's tag where it was asked for, with the credentials that the inputs and docker login have now: none
 * were kept. Says one line for each repository, and never throws.
 */
export async function deleteRemoteImages(
  { host, path, plainHttp, ca, tag, repositories }: RemoteImages,
  settings: Settings | undefined,
  deps: DeleteDeps,
): Promise<void> {
  if (repositories.length === 0) return;
  const { env, logger } = deps;
  try {
    // At once: it is in the folder that down removes meanwhile.
    const pem = ca === undefined ? undefined : await readFile(ca, "utf8");
    const registry = remoteRegistry({ host, path }, plainHttp);
    const asked = settings?.remoteRegistry;
    const login = await findLogin(
      { prefix: { host, path }, username: asked?.username, password: asked?.password },
      deps,
    );
    const { deleteTagAt } = await import("../remote-registry/registry-access.lazy.ts");
    const reports = await deleteTagAt(accessOptions(registry, login, pem, deps), {
      tag,
      repositories,
      token: settings?.token,
      githubApiUrl: env["GITHUB_API_URL"] || "https://api.github.com",
    });
    for (const { kind, text } of reports) {
      if (kind === "failed") logger.warning(text);
      else if (kind === "kept") logger.notice(text);
      else logger.info(text);
    }
  } catch (error) {
    logger.warning(`The tag ${tag} was not deleted at ${host}: ${messageOf(error)}`);
  }
}

// The only importer of @actions/cache: large, and needed only by jobs with cache: tools or all.
import { isFeatureAvailable, restoreCache, saveCache } from "@actions/cache";
import { messageOf } from "../support/errors.ts";
import type { Logger } from "../support/logger.ts";

/** Brings files back to where they were saved from. A failure is a warning and `false`. */
export async function restoreFiles(key: string, paths: readonly string[], logger: Logger): Promise<boolean> {
  return withoutFailing("restore", key, logger, async () => {
    return (await restoreCache([...paths], key)) !== undefined;
  });
}

/** Saves files under a key, unless something is saved there already. A failure is a warning and `false`. */
export async function saveFiles(key: string, paths: readonly string[], logger: Logger): Promise<boolean> {
  return withoutFailing("save", key, logger, async () => (await saveCache([...paths], key)) !== -1);
}

async function withoutFailing(
  verb: string,
  key: string,
  logger: Logger,
  work: () => Promise<boolean>,
): Promise<boolean> {
  if (!isFeatureAvailable()) {
    logger.debug(`there is no Actions cache here to ${verb} ${key}`);
    return false;
  }
  try {
    return await work();
  } catch (error) {
    logger.warning(`The Actions cache could not ${verb} ${key}: ${messageOf(error)}`);
    return false;
  }
}

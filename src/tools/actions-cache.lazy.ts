import type { Logger } from "../support/logger.ts";

export declare function restoreFiles(key: string, paths: readonly string[], logger: Logger): Promise<boolean>;
export declare function saveFiles(key: string, paths: readonly string[], logger: Logger): Promise<void>;

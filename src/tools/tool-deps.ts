import { tmpdir } from "node:os";
import type { CacheScope, Settings } from "../settings/settings.ts";
import type { Clock } from "../support/clock.ts";
import { type Exchange, networkExchange } from "../support/exchange.ts";
import type { Logger } from "../support/logger.ts";
import { type ProcessRunner, systemProcessRunner } from "../support/process-runner.ts";
import type * as ActionsCache from "./actions-cache.lazy.ts";

/** What getting a tool needs of the world. */
export interface ToolDeps {
  /** One request and its answer, redirections not followed. */
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly runner: ProcessRunner;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where files are while they come in, if the tool folder is no place for them. */
  readonly temporaryFolder: string;
  /** As Node.js names them: `linux`, `x64`. */
  readonly platform: string;
  readonly arch: string;
  /** Base URL: `<mirror>/<host>/<path>` stands for `https://<host>/<path>`. */
  readonly mirror: string | undefined;
  /** A secret: sent only to the GitHub server that it belongs to. */
  readonly token: string | undefined;
  /** `https://github.com`, or an enterprise server's address: where the token is from. */
  readonly githubServerUrl: string;
  readonly cacheScope: CacheScope;
  /** Loads the toolkit's cache client: large, and needed by few jobs. */
  readonly actionsCache: () => Promise<Pick<typeof ActionsCache, "restoreFiles" | "saveFiles">>;
}

interface SystemDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly settings: Pick<Settings, "downloadMirror" | "token" | "cache">;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The real world. */
export function systemToolDeps({ env, settings, logger, clock }: SystemDeps): ToolDeps {
  return {
    exchange: networkExchange(env),
    clock,
    logger,
    runner: systemProcessRunner(env),
    env,
    temporaryFolder: env["RUNNER_TEMP"] || tmpdir(),
    platform: process.platform,
    arch: process.arch,
    mirror: settings.downloadMirror,
    token: settings.token,
    githubServerUrl: env["GITHUB_SERVER_URL"] || "https://github.com",
    cacheScope: settings.cache,
    actionsCache: () => import("./actions-cache.lazy.ts"),
  };
}

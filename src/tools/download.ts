import { createHash } from "node:crypto";
import { type FileHandle, open as openFile } from "node:fs/promises";
import { DownloadError } from "../support/errors.ts";
import type { Answer } from "../support/exchange.ts";
import { type OpenOptions, open, partsOf } from "./open.ts";
import {
  causeOf,
  FinalError,
  isLocal,
  isUntrusted,
  pauseAfter,
  RefusedError,
  shown,
  tries,
  withRetries,
} from "./retry.ts";
import type { ToolDeps } from "./tool-deps.ts";

type Net = Pick<ToolDeps, "exchange" | "clock" | "logger">;

export interface Download {
  /** For the reader: "kind v0.33.0". */
  readonly what: string;
  readonly url: URL;
  readonly signal: AbortSignal;
}

/** Texts that are read as a whole are far shorter; in bytes. */
const longestText = 4 * 1024 * 1024;
/** Milliseconds between two lines about a long download. */
const progressEvery = 2_000;

/**
 * Writes what is at the URL to `file`, hashing on the way.
 * @returns its sha256 sum, 64 hex digits.
 * @throws the last error of several tries; see `downloadFailure`.
 */
export async function downloadFile(file: string, { what, url, signal }: Download, net: Net): Promise<string> {
  return withRetries(
    what,
    async (signal) => {
      const answer = await open(url, { signal }, net);
      // From the start on every try: nothing of a broken one is kept.
      const handle = await openFile(file, "w", 0o700);
      try {
        return await write(handle, answer, { what, url, signal }, net);
      } finally {
        await handle.close();
      }
    },
    { ...net, signal },
  );
}

async function write(handle: FileHandle, answer: Answer, { what, url }: Download, net: Net): Promise<string> {
  const { clock, logger } = net;
  const hash = createHash("sha256");
  const announced = Number(answer.headers("content-length")[0]);
  let length = 0;
  let told = clock.now();
  for await (const part of partsOf(answer, url, clock)) {
    hash.update(part);
    await handle.writeFile(part);
    length += part.length;
    if (clock.now() - told < progressEvery) continue;
    told = clock.now();
    logger.info(`${what}: ${progress(length, announced)}`);
  }
  if (length === 0) throw new Error(`${url} sent nothing`);
  return hash.digest("hex");
}

/** `12 of 21 MB`, or `12 MB` where the whole is not announced. Bytes in, millions of bytes out. */
export function progress(length: number, announced: number): string {
  const millions = (bytes: number) => Math.round(bytes / 1_000_000);
  return announced > 0 ? `${millions(length)} of ${millions(announced)} MB` : `${millions(length)} MB`;
}

/** What is at the URL, as text. @throws as `downloadFile`. */
export async function downloadText(
  { what, url, signal, ...options }: Download & Omit<OpenOptions, "signal">,
  net: Net,
): Promise<string> {
  return withRetries(
    what,
    async (signal) => {
      const answer = await open(url, { ...options, signal }, net);
      const parts: Uint8Array[] = [];
      let length = 0;
      for await (const part of partsOf(answer, url, net.clock)) {
        parts.push(part);
        length += part.length;
        if (length > longestText) throw new FinalError(`${shown(url)} sent more than ${longestText} bytes`);
      }
      return Buffer.concat(parts).toString("utf8");
    },
    { ...net, signal },
  );
}

/** What to tell the reader of a download that failed. */
export function downloadFailure(
  error: unknown,
  { what, url }: Pick<Download, "what" | "url">,
  advice: { readonly notThere: string },
): DownloadError {
  const missing = error instanceof RefusedError && error.status === 404;
  const repeated = pauseAfter(error, 1) === undefined ? "" : `${tries} times, last: `;
  return new DownloadError(
    {
      tried: `download ${what} from ${shown(url)}`,
      seen: `${repeated}${causeOf(error)}${missing ? ": there is no such version" : ""}`,
      todo: missing ? advice.notThere : whatToDo(error, url),
    },
    { cause: error },
  );
}

function whatToDo(error: unknown, url: URL): string {
  if (isUntrusted(error)) {
    return `if ${url.host} is behind a proxy or a private authority, name its certificate in NODE_EXTRA_CA_CERTS`;
  }
  if (isLocal(error))
    return "make room, or a folder that can be written, where the runner keeps its temporary files";
  return (
    `see whether this machine reaches ${url.host} (behind a proxy: https_proxy and no_proxy), ` +
    "or name a copy that it reaches in download-mirror"
  );
}

import * as z from "zod";
import { messageOf } from "../support/errors.ts";
import { answerInWords, nextPage } from "./answer.ts";
import type { RegistrySession } from "./auth-flow.ts";
import { type HttpAnswer, type HttpRequest, NoAnswer } from "./http.ts";
import { apiUrl, type RemoteRegistry } from "./reference.ts";
import { type Spoken, whyUnreachable } from "./unreachable.ts";

/** The registry did not do what a deletion needs; the message is part of a sentence. */
export class RegistryRefusal extends Error {
  override readonly name = "RegistryRefusal";
}

/** Why a registry did not do it, as part of a sentence. */
export function reasonOf(error: unknown, spoken: Spoken): string {
  if (error instanceof RegistryRefusal) return error.message;
  if (error instanceof NoAnswer) return whyUnreachable(error, spoken).seen;
  return messageOf(error);
}

export interface Manifest {
  readonly digest: string;
  readonly mediaType: string;
}

/** What a deletion reads and asks of one registry. All throw a RegistryRefusal where the registry says no. */
export interface RegistryReader {
  /** Any request, with its answer whatever the status. */
  ask(request: HttpRequest, scope: string): Promise<HttpAnswer>;
  /** Undefined where there is no such manifest. */
  manifest(repository: string, reference: string, scope: string): Promise<Manifest | undefined>;
  /** A manifest as the registry sends it. */
  manifestText(repository: string, digest: string, scope: string): Promise<string>;
  /** The digests that an image index names; none for other manifests. */
  children(repository: string, manifest: Manifest, scope: string): Promise<readonly Manifest[]>;
  tags(repository: string, scope: string): Promise<readonly string[]>;
  repositories(): Promise<readonly string[]>;
}

const indexTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const accept = [
  ...indexTypes,
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const tagsForm = z.looseObject({ tags: z.array(z.string()).nullish() });
const catalogForm = z.looseObject({ repositories: z.array(z.string()).nullish() });
const indexForm = z.looseObject({
  manifests: z.array(z.looseObject({ digest: z.string(), mediaType: z.string().catch("") })).nullish(),
});

/** Pages of a list, at most: a registry whose links go in a circle must not hold post for ever. */
const mostPages = 200;

export function registryReader(registry: RemoteRegistry, session: RegistrySession): RegistryReader {
  const ask = async (request: HttpRequest, scope: string): Promise<HttpAnswer> => {
    const sent = await session.send(request, scope);
    switch (sent.kind) {
      case "answer":
        return sent.answer;
      case "asks":
        throw new RegistryRefusal(`${registry.host} asks for ${sent.scheme}, and no credentials were found`);
      case "no-token":
        throw new RegistryRefusal(
          session.redact(`its token server ${sent.server} answers ${answerInWords(sent.answer)}`),
        );
      case "cannot":
        throw new RegistryRefusal(sent.seen);
    }
  };
  const refuse = (what: string, answer: HttpAnswer) =>
    new RegistryRefusal(session.redact(`${what}: ${registry.host} answers ${answerInWords(answer)}`));

  const list = async (path: string, scope: string, read: (json: unknown) => readonly string[]) => {
    const all = new Set<string>();
    let url: URL | undefined = apiUrl(registry, path);
    for (let page = 0; url !== undefined; page += 1) {
      if (page === mostPages) throw new RegistryRefusal(`${path} has more than ${mostPages} pages`);
      const answer: HttpAnswer = await ask({ method: "GET", url }, scope);
      if (answer.status !== 200) throw refuse(path, answer);
      for (const name of readJson(path, answer.text, read)) all.add(name);
      url = nextPage(answer, url);
    }
    return [...all];
  };

  const manifestText = async (repository: string, digest: string, scope: string): Promise<string> => {
    const url = apiUrl(registry, `${repository}/manifests/${digest}`);
    const answer = await ask({ method: "GET", url, headers: { accept } }, scope);
    if (answer.status !== 200) throw refuse(`reading ${digest}`, answer);
    return answer.text;
  };

  return {
    ask,
    async manifest(repository, reference, scope) {
      const url = apiUrl(registry, `${repository}/manifests/${reference}`);
      const answer = await ask({ method: "HEAD", url, headers: { accept } }, scope);
      if (answer.status === 404) return undefined;
      const [digest] = answer.headers("docker-content-digest");
      if (answer.status !== 200 || digest === undefined) throw refuse(`reading ${reference}`, answer);
      return { digest, mediaType: answer.headers("content-type")[0]?.split(";")[0]?.trim() ?? "" };
    },
    manifestText,
    async children(repository, { digest, mediaType }, scope) {
      if (!indexTypes.includes(mediaType)) return [];
      const text = await manifestText(repository, digest, scope);
      return readJson(digest, text, (json) => indexForm.parse(json).manifests ?? []);
    },
    tags: (repository, scope) =>
      list(`${repository}/tags/list?n=1000`, scope, (json) => tagsForm.parse(json).tags ?? []),
    repositories: () =>
      list("_catalog?n=1000", "registry:catalog:*", (json) => catalogForm.parse(json).repositories ?? []),
  };
}

function readJson<T>(what: string, text: string, read: (json: unknown) => T): T {
  try {
    return read(JSON.parse(text));
  } catch {
    throw new RegistryRefusal(`${what}: the answer cannot be read`);
  }
}

import * as z from "zod";
import { parsed } from "../support/json.ts";
import { answerInWords } from "./answer.ts";
import type { DeletionOutcome } from "./deletion.ts";
import type { HttpAnswer, HttpRequest, RegistryHttp } from "./http.ts";
import { type RegistryReader, RegistryRefusal } from "./registry-reader.ts";
import { otherTagsOf, tagsInWords } from "./shared-digest.ts";

/**
 * GitHub's package API, since its registry answers 405 to any deletion. Shapes:
 * https://docs.github.com/rest/packages/packages ("List package versions …", "Delete package version …").
 */
export interface PackageApi {
  /** Repositories of the owner, without the owner: `app`, `app/web`. @throws RegistryRefusal */
  packages(owner: string): Promise<readonly string[]>;
  deleteTag(repository: string, tag: string, reader: RegistryReader): Promise<DeletionOutcome>;
}

/**
 * True where the registry belongs to the GitHub server of that API: `ghcr.io` to api.github.com, `containers.<host>`
 * to an Enterprise server. Its token goes to that server only.
 */
export function isRegistryOf(host: string, githubApiUrl: string): boolean {
  const api = URL.canParse(githubApiUrl) ? new URL(githubApiUrl).hostname : "";
  return host === "ghcr.io"
    ? api === "api.github.com"
    : api !== "" && host === `containers.${api.replace(/^api\./, "")}`;
}

class UnknownPackage extends RegistryRefusal {}

const versionsForm = z.array(
  z.looseObject({
    id: z.number().int().positive(),
    /** The digest. */
    name: z.string().catch(""),
    metadata: z.looseObject({
      container: z.looseObject({ tags: z.array(z.string()) }).optional(),
    }),
  }),
);
const packagesForm = z.array(z.looseObject({ name: z.string() }));
const pageSize = 100;
const mostPages = 100;

export function packageApi(githubApiUrl: string, token: string, http: RegistryHttp): PackageApi {
  const base = githubApiUrl.replace(/\/+$/, "");
  const call = (method: HttpRequest["method"], path: string): Promise<HttpAnswer> =>
    http.request({
      method,
      url: new URL(`${base}/${path}`),
      headers: {
        authorization: `Bearer ${token}`,
        accept: "application/vnd.github+json",
        "x-github-api-version": "2022-11-28",
      },
    });
  /** The owner is an organisation or a user; the API has a path for each, and says 404 at the wrong one. */
  const atOwner = async (owner: string, path: string): Promise<{ at: string; answer: HttpAnswer }> => {
    const at = `orgs/${owner}/${path}`;
    const answer = await call("GET", at);
    if (answer.status !== 404) return { at, answer };
    return { at: `users/${owner}/${path}`, answer: await call("GET", `users/${owner}/${path}`) };
  };
  /** Pages by number, made by us: a link of the answer could lead the token elsewhere. */
  async function* pages<T>(owner: string, path: string, form: z.ZodType<T[]>): AsyncGenerator<readonly T[]> {
    const join = path.includes("?") ? "&" : "?";
    const first = await atOwner(owner, `${path}${join}per_page=${pageSize}&page=1`);
    let { answer } = first;
    for (let page = 1; page <= mostPages; page += 1) {
      if (page > 1) answer = await call("GET", first.at.replace(/page=1$/, `page=${page}`));
      // Also the answer to a token that may not see it.
      if (answer.status === 404 && page === 1)
        throw new UnknownPackage(`GitHub shows this token no ${path.split("?")[0]} of ${owner}`);
      if (answer.status !== 200) throw refusal(`the list of ${path.split("?")[0]}`, answer);
      const items = form.safeParse(parsed(answer.text));
      if (!items.success) throw new RegistryRefusal("GitHub's list has not the form that is known");
      yield items.data;
      if (items.data.length < pageSize) return;
    }
  }

  return {
    async packages(owner) {
      const names: string[] = [];
      for await (const page of pages(owner, "packages?package_type=container", packagesForm)) {
        names.push(...page.map(({ name }) => name));
      }
      return names;
    },
    async deleteTag(repository, tag, reader) {
      try {
        return await deleteTag(repository, tag, reader);
      } catch (error) {
        if (!(error instanceof UnknownPackage)) throw error;
        return { kind: "absent", or: "the token may not see the package" };
      }
    },
  };

  async function deleteTag(
    repository: string,
    tag: string,
    reader: RegistryReader,
  ): Promise<DeletionOutcome> {
    const [owner = "", ...rest] = repository.split("/");
    const path = `packages/container/${encodeURIComponent(rest.join("/"))}/versions`;
    for await (const page of pages(owner, path, versionsForm)) {
      const version = page.find(({ metadata }) => metadata.container?.tags.includes(tag));
      if (version === undefined) continue;
      const others = (version.metadata.container?.tags ?? []).filter((name) => name !== tag);
      if (others.length > 0) return { kind: "shared", with: tagsInWords(others) };
      const scope = `repository:${repository}:pull`;
      const holders = await otherTagsOf(reader, repository, { tag, digest: version.name, scope });
      if (holders.length > 0) return { kind: "shared", with: tagsInWords(holders) };
      return deleteVersion(owner, `${path}/${version.id}`);
    }
    return { kind: "absent" };
  }

  async function deleteVersion(owner: string, path: string): Promise<DeletionOutcome> {
    let answer = await call("DELETE", `orgs/${owner}/${path}`);
    if (answer.status === 404) answer = await call("DELETE", `users/${owner}/${path}`);
    if (answer.status === 204) return { kind: "deleted" };
    // GitHub keeps a package's last tagged version; deleting the package would take its settings along.
    if (answer.status === 400 && /last (tagged )?version/i.test(answer.text)) {
      return {
        kind: "cannot",
        seen: "it is the package's last version, which GitHub keeps",
      };
    }
    throw refusal("the deletion", answer);
  }

  function refusal(what: string, answer: HttpAnswer): RegistryRefusal {
    const words = answerInWords(answer).replaceAll(token, "***");
    const tooOften = answer.headers("retry-after").length > 0;
    const advice =
      [401, 403].includes(answer.status) && !tooOften
        ? "; the token needs `packages: write` in the job's permissions, and the repository the Admin role on the package"
        : "";
    return new RegistryRefusal(`${what}: GitHub answers ${words}${advice}`);
  }
}

import { answerInWords } from "./answer.ts";
import { registrySession, type SessionDeps } from "./auth-flow.ts";
import type { Credentials } from "./credentials.ts";
import { isRegistryOf, type PackageApi, packageApi } from "./ghcr-deletion.ts";
import type { HttpAnswer } from "./http.ts";
import { patientHttp } from "./patient-http.ts";
import { apiUrl, type RemoteRegistry, repositoryUnder } from "./reference.ts";
import { type RegistryReader, RegistryRefusal, reasonOf, registryReader } from "./registry-reader.ts";
import { retentionAdvice } from "./retention.ts";
import { otherTagsOf, tagsInWords } from "./shared-digest.ts";
import { sideBySide } from "./side-by-side.ts";

export interface DeletionRequest {
  readonly registry: RemoteRegistry;
  /** Names under the prefix, or `*`: all that the registry lists there. */
  readonly repositories: readonly string[] | "*";
  /** This run's tag; nothing without it is deleted. */
  readonly tag: string;
  readonly credentials: Credentials | undefined;
  /** For GitHub's package API. A secret. */
  readonly token: string | undefined;
  /** GITHUB_API_URL: the server that the token belongs to. */
  readonly githubApiUrl: string;
  /** The input remote-registry-ca was given. */
  readonly caGiven: boolean;
}

export interface DeletionReport {
  /** With the prefix, as a reference names it; with `/*` where the list itself failed. */
  readonly repository: string;
  /** `absent`: it has no such tag. `kept`: the registry cannot, or other tags would go too. */
  readonly kind: "deleted" | "absent" | "kept" | "failed";
  /** One line for the log. */
  readonly text: string;
}

/** What came of one repository, before it is put into words. */
export type DeletionOutcome =
  | { readonly kind: "deleted" }
  /** `or`: what else the registry's answer may mean. */
  | { readonly kind: "absent"; readonly or?: string }
  | { readonly kind: "shared"; readonly with: string }
  | { readonly kind: "cannot"; readonly seen: string };

/** At once, and connections of the pool: 20 tags take a moment, and no registry takes it for an attack. */
const width = 6;

/**
 * Deletes this run's tag in these repositories, by the way that the registry has. By digest only where no other tag
 * shares it: a digest takes all its tags with it. Never throws for what a registry does: each repository has its report.
 */
export async function deleteRunTag(
  request: DeletionRequest,
  { http, clock, logger }: SessionDeps,
): Promise<DeletionReport[]> {
  const deps = { http: patientHttp(http, clock), clock, logger };
  const { registry, tag, token } = request;
  if (!/^\w[\w.-]{0,127}$/.test(tag)) throw new Error(`not a tag: ${JSON.stringify(tag)}`);
  if (token !== undefined && token !== "") logger.mask(token);
  const session = registrySession(registry, request.credentials, deps);
  const reader = registryReader(registry, session);
  const way = wayOf(request, deps);
  const failed = (repository: string, error: unknown): DeletionReport => ({
    repository: `${registry.host}/${repository}`,
    kind: "failed",
    text: session.redact(
      `${registry.host}/${repository}:${tag} was not deleted: ${reasonOf(error, request)}`,
    ),
  });

  let repositories: readonly string[];
  try {
    repositories = await repositoriesOf(request, reader, way);
  } catch (error) {
    const all = repositoryUnder(registry, "*");
    const report = failed(all, error);
    return [{ ...report, text: `${report.text}; name the repositories in delete-images instead of *` }];
  }
  return sideBySide(repositories, width, async (repository) => {
    try {
      const said = report(await deleteIn(repository, tag, reader, way, registry), repository, request);
      return { ...said, text: session.redact(said.text) };
    } catch (error) {
      return failed(repository, error);
    }
  });
}

type Way =
  | { readonly kind: "registry" }
  | { readonly kind: "packages"; readonly api: PackageApi }
  /** GitHub's registry, and no token that its API takes. */
  | { readonly kind: "none"; readonly seen: string };

function wayOf({ registry, token, githubApiUrl }: DeletionRequest, { http }: SessionDeps): Way {
  if (isRegistryOf(registry.host, githubApiUrl)) {
    if (token === undefined || token === "")
      return { kind: "none", seen: "GitHub's package API needs the input token" };
    return { kind: "packages", api: packageApi(githubApiUrl, token, http) };
  }
  if (registry.host === "ghcr.io") {
    return {
      kind: "none",
      seen: "ghcr.io deletes through api.github.com only, and this job's token is another server's",
    };
  }
  return { kind: "registry" };
}

async function repositoriesOf(
  { registry, repositories }: DeletionRequest,
  reader: RegistryReader,
  way: Way,
): Promise<readonly string[]> {
  if (repositories !== "*") return [...new Set(repositories)].map((name) => repositoryUnder(registry, name));
  if (way.kind === "none") throw new RegistryRefusal(way.seen);
  const under = repositoryUnder(registry, "");
  if (way.kind === "registry") return (await reader.repositories()).filter((name) => name.startsWith(under));
  const [owner = ""] = registry.path.split("/");
  if (owner === "")
    throw new RegistryRefusal("GitHub lists the packages of one owner, and the prefix names none");
  return (await way.api.packages(owner))
    .map((name) => `${owner}/${name}`)
    .filter((name) => name.startsWith(under));
}

async function deleteIn(
  repository: string,
  tag: string,
  reader: RegistryReader,
  way: Way,
  registry: RemoteRegistry,
): Promise<DeletionOutcome> {
  if (way.kind === "none") return { kind: "cannot", seen: way.seen };
  if (way.kind === "packages") return way.api.deleteTag(repository, tag, reader);
  // Deleting is a right of its own. https://distribution.github.io/distribution/spec/auth/scope/
  const scope = `repository:${repository}:pull,delete`;
  const ask = (reference: string) =>
    reader.ask({ method: "DELETE", url: apiUrl(registry, `${repository}/manifests/${reference}`) }, scope);

  const byTag = await ask(tag);
  if (isDone(byTag)) return { kind: "deleted" };
  // 400: distribution 2 takes digests only. 405: Harbor and Azure too, and any registry that deletes nothing.
  // 404: no such tag, or (ECR once) no such way.
  if (![400, 404, 405, 501].includes(byTag.status)) throw refusal(byTag);
  const manifest = await reader.manifest(repository, tag, scope);
  if (manifest === undefined) return { kind: "absent" };
  const others = await otherTagsOf(reader, repository, { tag, digest: manifest.digest, scope });
  if (others.length > 0) return { kind: "shared", with: tagsInWords(others) };
  const byDigest = await ask(manifest.digest);
  if (isDone(byDigest)) return { kind: "deleted" };
  if ([400, 404, 405, 501].includes(byDigest.status)) {
    return { kind: "cannot", seen: `the registry deletes nothing: it answers ${answerInWords(byDigest)}` };
  }
  throw refusal(byDigest);
}

function isDone({ status }: HttpAnswer): boolean {
  return status === 202 || status === 200 || status === 204;
}

function refusal(answer: HttpAnswer): RegistryRefusal {
  const advice = [401, 403].includes(answer.status) ? "; the account needs the right to delete there" : "";
  return new RegistryRefusal(`the registry answers ${answerInWords(answer)}${advice}`);
}

function report(outcome: DeletionOutcome, name: string, { registry, tag }: DeletionRequest): DeletionReport {
  const repository = `${registry.host}/${name}`;
  const image = `${repository}:${tag}`;
  const advice = retentionAdvice(registry.host);
  switch (outcome.kind) {
    case "deleted":
      return { repository, kind: "deleted", text: `${image} deleted` };
    case "absent":
      return {
        repository,
        kind: "absent",
        text: `${image} is not there${outcome.or === undefined ? "" : `, or ${outcome.or}`}`,
      };
    case "shared":
      return {
        repository,
        kind: "kept",
        text: `${image} stays: ${outcome.with} would go too, as the same image; ${advice}`,
      };
    case "cannot":
      return { repository, kind: "kept", text: `${image} stays: ${outcome.seen}; ${advice}` };
  }
}

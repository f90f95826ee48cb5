import { describe, expect, test } from "vitest";
import { deleteRunTag } from "../../../src/remote-registry/deletion.ts";
import { type RegistryHttp, registryHttp } from "../../../src/remote-registry/http.ts";
import { remoteRegistry } from "../../../src/remote-registry/reference.ts";
import { quickClock } from "../../unit/quick-clock.ts";
import { recordingLogger } from "./recording.ts";
import { type Answer, type Asked, errors, standIn } from "./stand-in.ts";
import { login } from "./use-of-registry.ts";

// GitHub's package API and its registry, played by servers. The shapes are those of
// https://docs.github.com/rest/packages/packages and of the issues named below. Not verified against the real thing.

interface Version {
  readonly id: number;
  readonly digest: string;
  readonly tags: readonly string[];
}

interface Packages {
  /** `orgs` or `users`. */
  readonly kind: "orgs" | "users";
  readonly packages: Record<string, Version[]>;
  readonly forbidden?: boolean;
  /** How often it is said that it was asked too often, before anything else. */
  limited?: number;
  /** How long it asks to wait then, in seconds. */
  readonly pause?: string;
}

const token = "ghs_canary-token";
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

/** One version as "List package versions for a package owned by an organization" shows it. */
function shown({ id, digest: name, tags }: Version) {
  return {
    id,
    name,
    url: `https://api.github.com/orgs/octo/packages/container/app/versions/${id}`,
    package_html_url: "https://github.com/orgs/octo/packages/container/package/app",
    created_at: "2025-01-01T00:00:00Z",
    updated_at: "2025-01-01T00:00:00Z",
    html_url: `https://github.com/orgs/octo/packages/container/app/${id}`,
    metadata: { package_type: "container", container: { tags } },
  };
}

/** https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit */
const secondaryLimit: Answer = {
  status: 403,
  body: {
    message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
  },
};

function packageApi(shape: Packages) {
  const { kind, packages, forbidden = false } = shape;
  return standIn(({ method, path, authorization }): Answer => {
    if ((shape.limited ?? 0) > 0) {
      shape.limited = (shape.limited ?? 0) - 1;
      return { ...secondaryLimit, headers: { "retry-after": shape.pause ?? "9" } };
    }
    if (authorization !== `Bearer ${token}`) return { status: 401, body: { message: "Bad credentials" } };
    const url = new URL(path, "http://x");
    const [, at, owner, , ...rest] = url.pathname.split("/");
    if (at !== kind || owner !== "octo") return { status: 404, body: { message: "Not Found" } };
    if (forbidden)
      return { status: 403, body: { message: `Resource not accessible by integration ${token}` } };
    if (rest.length === 0) return { status: 200, body: Object.keys(packages).map((name) => ({ name })) };
    const versions = packages[decodeURIComponent(rest[1] ?? "")];
    if (versions === undefined) return { status: 404, body: { message: "Package not found." } };
    if (method === "GET") {
      const [page, size] = [Number(url.searchParams.get("page")), Number(url.searchParams.get("per_page"))];
      return { status: 200, body: versions.slice((page - 1) * size, page * size).map(shown) };
    }
    const index = versions.findIndex(({ id }) => String(id) === rest[3]);
    if (index < 0) return { status: 404, body: { message: "Not Found" } };
    // https://github.com/kairos-io/kairos/issues/4723
    if (versions.filter(({ tags }) => tags.length > 0).length === 1) {
      return {
        status: 400,
        body: {
          message:
            "You cannot delete the last tagged version of a package. You must delete the package instead.",
        },
      };
    }
    versions.splice(index, 1);
    return { status: 204 };
  });
}

/** The registry beside it: lists tags and manifests, deletes nothing. `children` are what an index under a tag names. */
function containerRegistry({ packages }: Packages, children: Record<string, string[]> = {}) {
  return standIn(({ method, path }: Asked): Answer => {
    if (method === "DELETE")
      return { status: 405, body: errors("UNSUPPORTED", "The operation is unsupported.") };
    const [, , owner, name = "", , reference = ""] = new URL(path, "http://x").pathname.split("/");
    const versions = owner === "octo" ? packages[name] : undefined;
    if (versions === undefined) return { status: 404 };
    if (reference === "list") return { status: 200, body: { tags: versions.flatMap(({ tags }) => tags) } };
    const version = versions.find(({ tags, digest: own }) => tags.includes(reference) || own === reference);
    if (version === undefined) return { status: 404 };
    const named = version.tags.flatMap((tag) => children[tag] ?? []);
    const type = named.length > 0 ? "index" : "manifest";
    const headers = {
      "docker-content-digest": version.digest,
      "content-type": `application/vnd.oci.image.${type}.v1+json`,
    };
    const manifests = named.map((one) => ({
      digest: one,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
    }));
    return { status: 200, headers, body: { manifests } };
  });
}

async function remove(
  packages: Packages,
  options: {
    tag?: string;
    repositories?: readonly string[] | "*";
    path?: string;
    githubApiUrl?: string;
    token?: string | undefined;
    children?: Record<string, string[]>;
  } = {},
) {
  const api = await packageApi(packages);
  const registry = await containerRegistry(packages, options.children);
  const inner = registryHttp({ env: {} });
  const reached: string[] = [];
  /** What would go to GitHub goes to the stand-ins; anything else is no part of this. */
  const http: RegistryHttp = {
    request(request) {
      reached.push(request.url.host);
      const standInFor: Record<string, string> = { "api.github.com": api.origin, "ghcr.io": registry.origin };
      const origin = standInFor[request.url.host];
      if (origin === undefined) throw new Error(`asked ${request.url.host}`);
      return inner.request({
        ...request,
        url: new URL(`${origin}${request.url.pathname}${request.url.search}`),
      });
    },
  };
  const logger = recordingLogger();
  const clock = quickClock();
  const reports = await deleteRunTag(
    {
      registry: remoteRegistry({ host: "ghcr.io", path: options.path ?? "octo" }, false),
      repositories: options.repositories ?? ["app"],
      tag: options.tag ?? "run",
      credentials: login("octocat", "registry-password"),
      token: "token" in options ? options.token : token,
      githubApiUrl: options.githubApiUrl ?? "https://api.github.com",
      caGiven: false,
    },
    { http, clock, logger },
  );
  return { reports, api, registry, reached, logger, slept: clock.slept };
}

const app = (kind: Packages["kind"] = "orgs"): Packages & { packages: { app: Version[] } } => ({
  kind,
  packages: {
    app: [
      { id: 3, digest: digest("c"), tags: ["run"] },
      { id: 2, digest: digest("b"), tags: [] },
      { id: 1, digest: digest("a"), tags: ["main", "v1"] },
    ],
  },
});

describe("a tag at GitHub", () => {
  test.each(["orgs", "users"] as const)("goes with the version that has it alone, of %s", async (kind) => {
    const packages = app(kind);
    const { reports, api, logger } = await remove(packages);
    expect(reports).toMatchObject([{ kind: "deleted", text: "ghcr.io/octo/app:run deleted" }]);
    expect(packages.packages.app.map(({ id }) => id)).toEqual([2, 1]);
    expect(api.asked.every(({ authorization }) => authorization === `Bearer ${token}`)).toBe(true);
    expect(logger.masked).toContain(token);
  });

  test("is looked for on all pages, in a package whose name has a slash", async () => {
    const others = Array.from({ length: 205 }, (_none, n) => ({
      id: 1000 + n,
      digest: digest("b"),
      tags: [],
    }));
    const versions = [...others, ...app().packages.app];
    const { reports, api } = await remove(
      { kind: "orgs", packages: { "app/web": versions, app: versions } },
      { path: "octo", repositories: ["app"] },
    );
    expect(reports).toMatchObject([{ kind: "deleted" }]);
    expect(api.asked.filter(({ method }) => method === "GET")).toHaveLength(3);
    const nested = await remove(app(), { repositories: ["app/web"] });
    expect(nested.api.asked[0]?.path).toContain("/packages/container/app%2Fweb/versions");
  });

  test("stays where its version has other tags", async () => {
    const packages: Packages = {
      kind: "orgs",
      packages: { app: [{ id: 1, digest: digest("a"), tags: ["main", "run"] }] },
    };
    const { reports } = await remove(packages);
    expect(reports).toMatchObject([
      {
        kind: "kept",
        text: expect.stringMatching(/run stays: main would go too.*actions\/delete-package-versions/),
      },
    ]);
    expect(packages.packages["app"]).toHaveLength(1);
  });

  test("stays where the index of another tag names its image", async () => {
    const packages = app();
    const { reports } = await remove(packages, { children: { main: [digest("c")] } });
    expect(reports).toMatchObject([
      { kind: "kept", text: expect.stringContaining("main and 1 other would go too") },
    ]);
    expect(packages.packages.app).toHaveLength(3);
  });

  test("stays where it is the package's last, with GitHub's rule", async () => {
    const packages: Packages = {
      kind: "orgs",
      packages: { app: [{ id: 1, digest: digest("a"), tags: ["run"] }] },
    };
    const { reports } = await remove(packages);
    expect(reports).toMatchObject([
      { kind: "kept", text: expect.stringContaining("the package's last version, which GitHub keeps") },
    ]);
  });

  test("that is not there is said to be so", async () => {
    expect((await remove(app(), { tag: "other" })).reports).toMatchObject([{ kind: "absent" }]);
  });

  test("in a package that is not there is said to be so", async () => {
    expect((await remove(app(), { repositories: ["none"] })).reports).toMatchObject([{ kind: "absent" }]);
  });

  test("* means the owner's packages under the prefix", async () => {
    const one = () => [
      { id: 1, digest: digest("a"), tags: ["main"] },
      { id: 2, digest: digest("b"), tags: ["run"] },
    ];
    const packages = {
      kind: "orgs" as const,
      packages: { app: one(), other: one(), "application/x": one() },
    };
    const { reports } = await remove(packages, { repositories: "*", path: "octo" });
    expect(reports.map(({ repository }) => repository)).toEqual([
      "ghcr.io/octo/app",
      "ghcr.io/octo/other",
      "ghcr.io/octo/application/x",
    ]);
    const narrow = await remove(
      { ...packages, packages: { app: one(), "app/x": one(), "application/x": one() } },
      { repositories: "*", path: "octo/app" },
    );
    expect(narrow.reports.map(({ repository }) => repository)).toEqual(["ghcr.io/octo/app/x"]);
  });

  test("a token without the right is told what it needs, and shown nowhere", async () => {
    const { reports } = await remove({ ...app(), forbidden: true });
    expect(reports).toMatchObject([
      { kind: "failed", text: expect.stringMatching(/GitHub answers 403.*packages: write/) },
    ]);
    expect(JSON.stringify(reports)).not.toContain(token);
  });

  test("goes when GitHub has time again", async () => {
    const { reports, slept } = await remove({ ...app(), limited: 2 });
    expect(reports).toMatchObject([{ kind: "deleted" }]);
    expect(slept).toEqual([9_000, 9_000]);
  });

  test("stays where GitHub wants more time than there is, and nothing is said of rights", async () => {
    const { reports, slept } = await remove({ ...app(), limited: 9, pause: "60" });
    expect(reports).toMatchObject([
      { kind: "failed", text: expect.stringContaining("secondary rate limit") },
    ]);
    expect(reports[0]?.text).not.toContain("packages: write");
    expect(slept).toEqual([]);
  });

  test("without a token nothing is asked", async () => {
    const { reports, reached } = await remove(app(), { token: undefined });
    expect(reports).toMatchObject([{ kind: "kept", text: expect.stringContaining("needs the input token") }]);
    expect(reached).toEqual([]);
  });

  test("the token of an Enterprise server goes to no other", async () => {
    const { reports, reached } = await remove(app(), { githubApiUrl: "https://github.example.com/api/v3" });
    expect(reports).toMatchObject([{ kind: "kept", text: expect.stringContaining("another server's") }]);
    expect(reached).toEqual([]);
  });
});

import { describe, expect, test } from "vitest";
import { quickClock } from "../../unit/quick-clock.ts";
import { type Answer, type Asked, errors, standIn } from "./stand-in.ts";
import { deleteTag, login } from "./use-of-registry.ts";

// Registries that are not at hand, played by servers in their shapes. Not verified against the real ones.

const imageType = "application/vnd.oci.image.manifest.v1+json";

interface Shape {
  /** Tag to digest. */
  readonly tags: Map<string, string>;
  readonly deletion: (reference: string, self: Shape) => Answer;
  /** Answers that come before all others. */
  readonly first?: (asked: Asked) => Answer | undefined;
  readonly pageSize?: number;
  readonly link?: (next: string) => string;
}

function registry(shape: Shape) {
  return standIn((asked) => {
    const special = shape.first?.(asked);
    if (special !== undefined) return special;
    const url = new URL(asked.path, "http://x");
    const reference = url.pathname.split("/").at(-1) ?? "";
    if (asked.method === "DELETE") return shape.deletion(reference, shape);
    if (reference === "list") return page(url, shape);
    const digest = shape.tags.get(reference);
    if (digest === undefined) return { status: 404, body: errors("MANIFEST_UNKNOWN", "unknown") };
    return { status: 200, headers: { "docker-content-digest": digest, "content-type": imageType } };
  });
}

function page({ searchParams }: URL, { tags, pageSize = 1000, link }: Shape): Answer {
  const all = [...tags.keys()].sort();
  const from = all.findIndex((tag) => tag > (searchParams.get("last") ?? ""));
  const some = from < 0 ? [] : all.slice(from, from + pageSize);
  const next = `/v2/team/app/tags/list?n=${pageSize}&last=${some.at(-1)}`;
  const more = from >= 0 && from + pageSize < all.length;
  return {
    status: 200,
    headers: more ? { link: `<${link?.(next) ?? next}>; rel="next"` } : {},
    body: { name: "team/app", tags: some },
  };
}

/** Takes digests only, and with each all its tags: Harbor, Azure, distribution 2. */
const byDigestOnly = (status: number) => (reference: string, self: Shape) => {
  if (!reference.startsWith("sha256:")) return { status, body: errors("UNSUPPORTED", "by digest only") };
  for (const [tag, digest] of self.tags) if (digest === reference) self.tags.delete(tag);
  return { status: 202 };
};

const tooOften = (seconds: string) => ({ status: 429, headers: { "retry-after": seconds } });
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const deletions = (asked: readonly Asked[]) =>
  asked.filter(({ method }) => method === "DELETE").map(({ path }) => path.split("/").at(-1));

describe("registries that delete by digest only", () => {
  // Harbor: src/server/registry/manifest.go answers 405 to a tag. Distribution 2: 400 DIGEST_INVALID.
  test.each([405, 400])(
    "a tag refused with %i goes by its digest, where no other tag has it",
    async (status) => {
      const tags = new Map([
        ["run", digest("a")],
        ["main", digest("b")],
      ]);
      const { host, asked } = await registry({ tags, deletion: byDigestOnly(status) });
      expect(await deleteTag({ host, plainHttp: true }, "run", ["app"])).toMatchObject([{ kind: "deleted" }]);
      expect([...tags.keys()]).toEqual(["main"]);
      expect(deletions(asked)).toEqual(["run", digest("a")]);
    },
  );

  const many = () =>
    new Map([...Array(250).keys()].map((n) => [`t${n}`, digest(n === 247 ? "a" : "b")] as const));
  test.each<[string, ((next: string) => string) | undefined]>([
    ["relative links", undefined],
    ["absolute links of the scheme behind a proxy", (next) => `https://HOST${next}`],
  ])("the tag that shares the image is found on the last page: %s", async (_what, link) => {
    const tags = new Map([["run", digest("a")], ...many()]);
    let host = "";
    const shape = { tags, deletion: byDigestOnly(405), pageSize: 100 };
    const server = await registry(
      link === undefined ? shape : { ...shape, link: (next) => link(next).replace("HOST", host) },
    );
    host = server.host;
    const [report] = await deleteTag({ host, plainHttp: true }, "run", ["app"]);
    expect(report).toMatchObject({ kind: "kept", text: expect.stringContaining("t247 would go too") });
    expect(deletions(server.asked)).toEqual(["run"]);
  });

  test("two tags that share it are counted", async () => {
    const tags = new Map(["run", "main", "v1", "v2"].map((tag) => [tag, digest("a")] as const));
    const { host } = await registry({ tags, deletion: byDigestOnly(405) });
    const [report] = await deleteTag({ host, plainHttp: true }, "run", ["app"]);
    expect(report?.text).toContain("main and 2 others would go too");
  });

  test("one tag that cannot be looked at, and nothing is deleted", async () => {
    const tags = new Map([
      ["run", digest("a")],
      ["main", digest("b")],
    ]);
    const first = ({ method, path }: Asked) =>
      method === "HEAD" && path.endsWith("/main") ? { status: 500 } : undefined;
    const { host, asked } = await registry({ tags, deletion: byDigestOnly(405), first });
    const [report] = await deleteTag({ host, plainHttp: true }, "run", ["app"]);
    expect(report).toMatchObject({ kind: "failed", text: expect.stringContaining("reading main") });
    expect(deletions(asked)).toEqual(["run"]);
  });

  test("a list that leads elsewhere or in a circle is not followed for ever", async () => {
    const tags = new Map([
      ["a", digest("c")],
      ["run", digest("a")],
      ["z", digest("b")],
    ]);
    const elsewhere = await standIn(() => ({ status: 200, body: { tags: [] } }));
    const shape = { tags, deletion: byDigestOnly(405), pageSize: 1 };
    const away = await registry({ ...shape, link: (next) => `${elsewhere.origin}${next}` });
    await deleteTag({ host: away.host, plainHttp: true, credentials: login("u", "p") }, "run", ["app"]);
    expect(elsewhere.asked).toEqual([]);
    let turn = 0;
    const circle = await registry({
      ...shape,
      tags: new Map([
        ["run", digest("a")],
        ["z", digest("b")],
      ]),
      link: () => `/v2/team/app/tags/list?turn=${turn++}`,
    });
    const [report] = await deleteTag({ host: circle.host, plainHttp: true }, "run", ["app"]);
    expect(report).toMatchObject({ kind: "failed", text: expect.stringContaining("more than 200 pages") });
  });
});

describe("others", () => {
  // ECR before it took deletions: aws/containers-roadmap issue 1229.
  test("404 although the tag is there: it cannot, and the retention setting is named", async () => {
    const tags = new Map([["run", digest("a")]]);
    const { host } = await registry({ tags, deletion: () => ({ status: 404 }) });
    const [report] = await deleteTag({ host, plainHttp: true }, "run", ["app"]);
    expect(report).toMatchObject({
      kind: "kept",
      text: expect.stringMatching(/the registry deletes nothing.*retention/),
    });
  });

  // Google takes tags, and digests only without tags: GOOGLE_MANIFEST_DANGLING_TAG.
  test("a registry that deletes the tag gets no deletion by digest", async () => {
    const tags = new Map([
      ["run", digest("a")],
      ["main", digest("a")],
    ]);
    const { host, asked } = await registry({ tags, deletion: () => ({ status: 202 }) });
    expect(await deleteTag({ host, plainHttp: true }, "run", ["app"])).toMatchObject([{ kind: "deleted" }]);
    expect(deletions(asked)).toEqual(["run"]);
  });

  test.each<[string, Answer, readonly number[]]>([
    ["429 with a short Retry-After", tooOften("7"), [7_000, 7_000]],
    ["429 alone", { status: 429 }, [1_000, 1_000]],
    ["503 with one", { status: 503, headers: { "retry-after": "2" } }, [2_000, 2_000]],
  ])("%s is waited for, and asked again", async (_, refusal, slept) => {
    let asked = 0;
    const deletion = () => (asked++ < 2 ? refusal : { status: 202 });
    const { host } = await registry({ tags: new Map(), deletion });
    const clock = quickClock();
    const reports = await deleteTag({ host, plainHttp: true, clock }, "run", ["app"]);
    expect(reports).toMatchObject([{ kind: "deleted" }]);
    expect(clock.slept).toEqual(slept);
  });

  test("a token server that was asked too often is waited for too", async () => {
    let asked = 0;
    const tokens = await standIn(() =>
      asked++ === 0 ? tooOften("5") : { status: 200, body: { token: "granted" } },
    );
    const challenge = { "www-authenticate": `Bearer realm="${tokens.origin}/",service="x"` };
    const { host } = await standIn(({ authorization }) =>
      authorization === "Bearer granted" ? { status: 202 } : { status: 401, headers: challenge },
    );
    const clock = quickClock();
    const access = { host, plainHttp: true, credentials: login("user", "word"), clock };
    expect(await deleteTag(access, "run", ["app"])).toMatchObject([{ kind: "deleted" }]);
    expect(clock.slept).toEqual([5_000]);
  });

  test("a registry that never has time is left within half a minute", async () => {
    const { host } = await registry({ tags: new Map(), deletion: () => tooOften("4") });
    const clock = quickClock();
    const names = ["app", "web", "job"];
    const reports = await deleteTag({ host, plainHttp: true, clock }, "run", names);
    expect(reports.map(({ kind }) => kind)).toEqual(["failed", "failed", "failed"]);
    expect(reports[0]?.text).toContain("429");
    expect(clock.now()).toBeLessThanOrEqual(30_000);
  });

  test("429 with a long one fails that repository alone", async () => {
    const first = ({ path }: Asked) => (path.includes("/app/") ? tooOften("3600") : undefined);
    const { host } = await registry({ tags: new Map(), deletion: () => ({ status: 202 }), first });
    const reports = await deleteTag({ host, plainHttp: true }, "run", ["app", "web"]);
    expect(reports.map(({ kind }) => kind)).toEqual(["failed", "deleted"]);
  });

  test("* where the registry lists nothing says to name the repositories", async () => {
    const { host } = await standIn(() => ({ status: 404 }));
    const reports = await deleteTag({ host, plainHttp: true }, "run", "*");
    expect(reports).toMatchObject([
      {
        repository: `${host}/team/*`,
        kind: "failed",
        text: expect.stringContaining("name the repositories in delete-images"),
      },
    ]);
  });

  test("a registry that is gone fails each, in words", async () => {
    const reports = await deleteTag({ host: "127.0.0.1:1", plainHttp: true }, "run", ["app"]);
    expect(reports).toMatchObject([
      { kind: "failed", text: expect.stringContaining("nothing answers at 127.0.0.1:1") },
    ]);
  });

  test("what is no tag is refused before anything is asked", async () => {
    const { host, asked } = await standIn(() => ({ status: 202 }));
    for (const tag of ["", "sha256:abc", "a/../b", "a b"]) {
      await expect(deleteTag({ host, plainHttp: true }, tag, ["app"])).rejects.toThrow("not a tag");
    }
    expect(asked).toEqual([]);
  });
});

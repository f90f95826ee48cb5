import { describe, expect, test } from "vitest";
import { type Answer, type Asked, basic, errors, standIn } from "./stand-in.ts";
import { login, prove } from "./use-of-registry.ts";

// Registries that are not at hand, played by servers in their shapes. Not verified against the real ones.

const user = login("user", "secret-word");
const rightUser = basic("user", "secret-word");

/** A registry without auth that answers every request alike. */
const always = (answer: Answer) => standIn(() => answer);

describe("what is not definite is a notice, never a stop", () => {
  test.each<[string, Answer, RegExp]>([
    [
      "429 with seconds",
      { status: 429, headers: { "retry-after": "37" } },
      /asked too often, and to come again in 37 s \(429\)/,
    ],
    [
      "429 with a date",
      { status: 429, headers: { "retry-after": new Date(Date.now() + 60_000).toUTCString() } },
      /come again in (59|60|61) s/,
    ],
    ["429 alone", { status: 429 }, /asked too often \(429\)/],
    // https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html
    [
      "ECR, a repository that does not exist",
      {
        status: 404,
        body: errors(
          "NAME_UNKNOWN",
          "The repository with name 'team/kind-ci-probe' does not exist in the registry with id '123'",
        ),
      },
      /404 \(NAME_UNKNOWN: The repository .* does not exist.*made before the first push/,
    ],
    [
      "404 of a web server",
      { status: 404, body: "<html>nothing here</html>" },
      /answers 404; is it a registry\?/,
    ],
    [
      "500",
      { status: 500, body: "broken\u001b[31m\n::error::injected" },
      /500 \(broken \[31m ::error::injected\)/,
    ],
    ["503", { status: 503 }, /is open: it answers 503/],
    ["a redirection", { status: 307, headers: { location: "https://elsewhere.invalid/" } }, /answers 307/],
  ])("%s", async (_what, answer, text) => {
    const { host } = await always(answer);
    const proof = await prove({ host, plainHttp: true });
    expect(proof).toMatchObject({ kind: "not-definite", text: expect.stringMatching(text) });
    expect(proof).toMatchObject({
      text: expect.stringContaining(`whether images can be pushed under ${host}/team is open`),
    });
  });
});

describe("Basic", () => {
  const registry = (status: number) =>
    standIn(({ method, authorization }) => {
      if (authorization !== rightUser)
        return { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } };
      return method === "DELETE" ? { status: 204 } : { status, headers: { location: "/v2/upload/1" } };
    });

  test("the upload is opened and cancelled, with the credentials", async () => {
    const { host, asked } = await registry(202);
    expect(await prove({ host, plainHttp: true, credentials: user })).toMatchObject({ kind: "proven" });
    expect(asked.map(({ method, path, authorization }) => [method, path, authorization])).toEqual([
      ["POST", "/v2/team/kind-ci-probe/blobs/uploads/", undefined],
      ["POST", "/v2/team/kind-ci-probe/blobs/uploads/", rightUser],
      ["DELETE", "/v2/upload/1", rightUser],
    ]);
  });

  test.each([
    [403, "no-right-to-push"],
    [405, "read-only"],
  ])("%i after the login is %s", async (status, why) => {
    const { host } = await registry(status);
    expect(await prove({ host, plainHttp: true, credentials: user })).toMatchObject({ kind: "refused", why });
  });

  test("an identity token is of no use there, and goes nowhere", async () => {
    const { host, asked } = await registry(202);
    const credentials = { kind: "identity-token", identityToken: "id-token" } as const;
    const proof = await prove({ host, plainHttp: true, credentials });
    expect(proof).toMatchObject({
      kind: "refused",
      why: "no-way-in",
      account: { seen: expect.stringMatching(/identity token/) },
    });
    expect(asked.every(({ authorization }) => authorization === undefined)).toBe(true);
  });
});

/** A registry with a token server on another port. */
async function withTokens(
  token: (asked: Asked) => Answer,
  upload: (authorization: string) => Answer = () => ({ status: 202 }),
) {
  const tokens = await standIn(token);
  const registry = await standIn(({ method, authorization }) => {
    if (method === "DELETE") return { status: 204 };
    if (authorization !== undefined) return upload(authorization);
    const challenge = `Bearer realm="${tokens.origin}/token",service="reg",scope="repository:x:pull"`;
    return { status: 401, headers: { "www-authenticate": challenge } };
  });
  return { tokens, registry };
}

describe("Bearer", () => {
  test("credentials go to the realm only, the token to the registry only", async () => {
    const elsewhere = await standIn(() => ({ status: 204 }));
    const { tokens, registry } = await withTokens(
      () => ({ status: 200, body: { access_token: "the-token" } }),
      () => ({ status: 202, headers: { location: `${elsewhere.origin}/upload?state=signed` } }),
    );
    const proof = await prove({ host: registry.host, plainHttp: true, credentials: user });
    expect(proof).toMatchObject({ kind: "proven" });
    expect(tokens.asked).toMatchObject([
      {
        path: "/token?service=reg&scope=repository%3Ateam%2Fkind-ci-probe%3Apull%2Cpush",
        authorization: rightUser,
      },
    ]);
    expect(registry.asked.map(({ authorization }) => authorization)).toEqual([undefined, "Bearer the-token"]);
    expect(elsewhere.asked).toMatchObject([{ method: "DELETE", authorization: undefined }]);
  });

  test("a token server that does not answer is named, and not the registry", async () => {
    const challenge = { "www-authenticate": 'Bearer realm="http://127.0.0.1:1/token",service="reg"' };
    const registry = await standIn(() => ({ status: 401, headers: challenge }));
    const proof = await prove({ host: registry.host, plainHttp: true, credentials: user });
    expect(proof).toMatchObject({
      kind: "unreachable",
      account: { seen: "nothing answers at 127.0.0.1:1 (ECONNREFUSED)" },
    });
  });

  test("without credentials an anonymous token is tried: a registry open to all is proven", async () => {
    const { registry } = await withTokens(() => ({ status: 200, body: { token: "anonymous" } }));
    expect(await prove({ host: registry.host, plainHttp: true })).toMatchObject({ kind: "proven" });
  });

  test.each<[string, () => Answer, (authorization: string) => Answer]>([
    ["no anonymous token", () => ({ status: 401 }), () => ({ status: 202 })],
    // ghcr.io answers so: https://github.com/orgs/community/discussions/26279
    [
      "no anonymous token, by 403",
      () => ({ status: 403, body: errors("DENIED", "denied") }),
      () => ({ status: 202 }),
    ],
    [
      "an anonymous token that may only pull, 401",
      () => ({ status: 200, body: { token: "some-token" } }),
      () => ({ status: 401 }),
    ],
    [
      "an anonymous token that may only pull, 403",
      () => ({ status: 200, body: { token: "some-token" } }),
      () => ({ status: 403 }),
    ],
  ])("%s: the registry asks for credentials", async (_what, token, upload) => {
    const { registry } = await withTokens(token, upload);
    expect(await prove({ host: registry.host, plainHttp: true })).toMatchObject({
      kind: "needs-credentials",
    });
  });

  test.each<[string, Answer, Record<string, unknown>]>([
    ["401 of the token server", { status: 401 }, { kind: "refused", why: "wrong-password" }],
    [
      "403 of the token server",
      { status: 403, body: errors("DENIED", "denied") },
      { kind: "refused", why: "password-or-right" },
    ],
    ["429 of the token server", { status: 429, headers: { "retry-after": "5" } }, { kind: "not-definite" }],
    ["502 of the token server", { status: 502 }, { kind: "not-definite" }],
    ["an answer without a token", { status: 200, body: {} }, { kind: "refused", why: "no-way-in" }],
  ])("%s", async (_what, answer, proof) => {
    const { registry } = await withTokens(() => answer);
    expect(await prove({ host: registry.host, plainHttp: true, credentials: user })).toMatchObject(proof);
  });

  test("a registry that does not trust its token server is told from a missing right", async () => {
    const { registry } = await withTokens(
      () => ({ status: 200, body: { token: "some-token" } }),
      () => ({ status: 401, headers: { "www-authenticate": 'Bearer realm="x",error="invalid_token"' } }),
    );
    const proof = await prove({ host: registry.host, plainHttp: true, credentials: user });
    expect(proof).toMatchObject({
      kind: "refused",
      why: "no-way-in",
      account: { seen: expect.stringMatching(/does not trust/) },
    });
  });

  test("an identity token is exchanged by POST, never put into a URL", async () => {
    const { tokens, registry } = await withTokens(({ body }) =>
      body.includes("refresh_token=id%2Btoken")
        ? { status: 200, body: { access_token: "some-token" } }
        : { status: 400 },
    );
    const credentials = { kind: "identity-token", identityToken: "id+token" } as const;
    expect(await prove({ host: registry.host, plainHttp: true, credentials })).toMatchObject({
      kind: "proven",
    });
    expect(tokens.asked).toMatchObject([{ method: "POST", path: "/token" }]);
    expect(tokens.asked[0]?.body).toContain("grant_type=refresh_token");
  });
});

test("a way in that is unknown is named", async () => {
  const { host } = await always({ status: 401, headers: { "www-authenticate": "Negotiate" } });
  const proof = await prove({ host, plainHttp: true, credentials: user });
  expect(proof).toMatchObject({
    kind: "refused",
    why: "no-way-in",
    account: { seen: expect.stringMatching(/offers negotiate/) },
  });
});

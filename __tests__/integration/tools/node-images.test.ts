import { describe, expect, test } from "vitest";
import { DownloadError } from "../../../src/support/errors.ts";
import { type Exchange, networkExchange } from "../../../src/support/exchange.ts";
import { nodeImagesOf } from "../../../src/tools/node-images.ts";
import { body, redirect, type StandIn, standIn, status } from "./stand-in.ts";
import { thrownBy, workshop } from "./workshop.ts";

const digest = "d".repeat(64);
const notes = (version: string) =>
  JSON.stringify({
    tag_name: "x",
    body: `Images:\r\n- v${version}: \`kindest/node:v${version}@sha256:${digest}\`\r\n`,
  });
const tag = (version: string) => `/repos/kubernetes-sigs/kind/releases/tags/${version}`;
const inMirror = (version: string) => `/api.github.com${tag(version)}`;
const token = "s3cret";

/** The stand-in takes the place of api.github.com; whatever else is asked for goes where it says. */
const asGithub =
  (server: StandIn): Exchange =>
  (url, options) =>
    networkExchange({})(url.host === "api.github.com" ? new URL(url.pathname, server.base) : url, options);

const nobody: Exchange = () => Promise.reject(new Error("nobody is to be asked"));

test("a release of the catalogue is known without asking", async () => {
  const { deps } = await workshop({ exchange: nobody });
  const { images, source } = await nodeImagesOf("v0.33.0", deps);
  expect(source).toBe("catalogue");
  expect(images[0]).toEqual({
    version: "1.37.0",
    reference: `kindest/node:v1.37.0@${images[0]?.digest}`,
    digest: "sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5",
  });
});

describe("a mirror", () => {
  test("wins over the catalogue", async () => {
    const mirror = await standIn({ [inMirror("v0.33.0")]: body(notes("1.34.4")) });
    const { deps } = await workshop({ mirror: mirror.base, token });
    const { images, source } = await nodeImagesOf("v0.33.0", deps);
    expect(source).toBe("mirror-notes");
    expect(images).toEqual([
      { version: "1.34.4", reference: `kindest/node:v1.34.4@sha256:${digest}`, digest: `sha256:${digest}` },
    ]);
    expect(mirror.requests[0]?.headers.authorization).toBeUndefined();
  });

  test.each([
    ["has no notes", status(404)],
    ["is down", status(503)],
    ["answers something else", body("<html>")],
    ["names no digests", body(JSON.stringify({ body: "no images" }))],
  ])("that %s leaves the catalogue", async (_title, reply) => {
    const mirror = await standIn({ [inMirror("v0.33.0")]: reply });
    const { deps, log } = await workshop({ mirror: mirror.base });
    expect((await nodeImagesOf("v0.33.0", deps)).source).toBe("catalogue");
    expect(log.at(-1)).toContain("debug: the mirror tells no node images");
  });

  test("without notes, for a release that the catalogue does not know", async () => {
    const mirror = await standIn({});
    const { deps } = await workshop({ mirror: mirror.base });
    const error = await thrownBy(nodeImagesOf("v0.99.0", deps));
    expect(error).toBeInstanceOf(DownloadError);
    expect(error.message).toContain(
      `${mirror.base}${inMirror("v0.99.0")} answers 404: there is no such version`,
    );
    expect(error.message).toContain("name the image in node-image");
  });
});

describe("GitHub's release notes, for a release that the catalogue does not know", () => {
  test("are read with the token", async () => {
    const github = await standIn({ [tag("v0.26.0")]: body(notes("1.32.0")) });
    const { deps } = await workshop({ exchange: asGithub(github), token });
    const { images, source } = await nodeImagesOf("v0.26.0", deps);
    expect(source).toBe("release-notes");
    expect(images.map(({ version }) => version)).toEqual(["1.32.0"]);
    expect(github.requests[0]?.headers.authorization).toBe(`Bearer ${token}`);
  });

  test("an enterprise server's token is not github.com's", async () => {
    const github = await standIn({ [tag("v0.26.0")]: body(notes("1.32.0")) });
    const { deps } = await workshop({
      exchange: asGithub(github),
      token,
      githubServerUrl: "https://ghe.test",
    });
    await nodeImagesOf("v0.26.0", deps);
    expect(github.requests[0]?.headers.authorization).toBeUndefined();
  });

  test("the token does not follow to another host", async () => {
    const far = await standIn({ "/notes": body(notes("1.32.0")) });
    // By https: from api.github.com nothing else is followed.
    const github = await standIn({ [tag("v0.26.0")]: redirect("https://far.test/notes") });
    const exchange: Exchange = (url, options) =>
      asGithub(github)(url.host === "far.test" ? new URL(url.pathname, far.base) : url, options);
    const { deps } = await workshop({ exchange, token });
    expect((await nodeImagesOf("v0.26.0", deps)).source).toBe("release-notes");
    expect(github.requests[0]?.headers.authorization).toBe(`Bearer ${token}`);
    expect(far.requests).toHaveLength(1);
    expect(far.requests[0]?.headers.authorization).toBeUndefined();
  });

  test("a redirection into the clear is not followed", async () => {
    const far = await standIn({ "/notes": body(notes("1.32.0")) });
    const github = await standIn({ [tag("v0.26.0")]: redirect(`${far.base}/notes`) });
    const { deps } = await workshop({ exchange: asGithub(github), token });
    expect((await thrownBy(nodeImagesOf("v0.26.0", deps))).message).toContain("which is not followed");
    expect(far.requests).toEqual([]);
  });

  test("a used-up rate limit asks for a token", async () => {
    const github = await standIn({ [tag("v0.26.0")]: status(403, { "x-ratelimit-remaining": "0" }) });
    const { deps } = await workshop({ exchange: asGithub(github) });
    const error = await thrownBy(nodeImagesOf("v0.26.0", deps));
    expect(error.message).toContain("answers 403 (the rate limit is used up)");
    expect(error.message).toContain("give a token with the input token, or name the image in node-image");
    expect(github.requests).toHaveLength(1);
  });

  test("an answer that is no release", async () => {
    const github = await standIn({ [tag("v0.26.0")]: body("<html>") });
    const { deps } = await workshop({ exchange: asGithub(github) });
    expect((await thrownBy(nodeImagesOf("v0.26.0", deps))).message).toContain(
      "something else than a release",
    );
  });
});

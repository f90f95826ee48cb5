import { describe, expect, test } from "vitest";
import { ensureImage } from "../../../src/resources/images.ts";
import { DownloadError } from "../../../src/support/errors.ts";
import { silentLogger } from "../../../src/support/logger.ts";
import { fakeDocker } from "../docker/fake-docker.ts";
import { quickClock } from "../quick-clock.ts";

const limited = { code: 1, stderr: "toomanyrequests: You have reached your pull rate limit." };
const absent = { code: 1, stderr: "Error response from daemon: manifest unknown" };

type Answers = NonNullable<Parameters<typeof fakeDocker>[0]>;

/** Asks for an image and, after it, for another source's. */
async function ensure(answers: Answers, references = ["registry:3", "ghcr.io/registry:3"]) {
  const { docker, lines } = fakeDocker([...answers, [/image inspect/, { code: 1 }]]);
  const clock = quickClock();
  const settled = await ensureImage(references, { docker, logger: silentLogger, clock }).then(
    (image) => ({ image, error: undefined }),
    (error: unknown) => ({ image: undefined, error }),
  );
  const pulled = lines().filter((line) => line.startsWith("pull"));
  return { ...settled, pulled, slept: clock.slept };
}

describe("an image", () => {
  test("that the daemon has is not pulled, be it the second source's", async () => {
    const { image, pulled } = await ensure([[/image inspect .* ghcr\.io\/registry:3$/, {}]]);
    expect(image).toBe("ghcr.io/registry:3");
    expect(pulled).toEqual([]);
  });

  test("that it has not is pulled from the first source", async () => {
    const { image, pulled } = await ensure([]);
    expect(image).toBe("registry:3");
    expect(pulled).toEqual(["pull --quiet registry:3"]);
  });

  test("comes from the second source when the first one limits, after tries with growing pauses", async () => {
    const { image, pulled, slept } = await ensure([[/pull --quiet registry:3/, limited]]);
    expect(image).toBe("ghcr.io/registry:3");
    expect(pulled.filter((line) => line.endsWith(" registry:3"))).toHaveLength(3);
    expect(slept).toEqual([1000, 4000]);
  });

  test("that a source does not have is not looked for elsewhere, nor asked for again", async () => {
    const { error, pulled, slept } = await ensure([[/pull/, absent]]);
    expect(error).toBeInstanceOf(DownloadError);
    expect(pulled).toHaveLength(1);
    expect(slept).toEqual([]);
  });

  test("that comes at the second try is there", async () => {
    let tries = 0;
    const { image } = await ensure([[/pull/, () => (++tries === 1 ? limited : {})]]);
    expect(image).toBe("registry:3");
  });
});

describe("when none is to be had the error tells what each source answered, and what to do", () => {
  test.each([
    [
      "limited",
      limited,
      /registry:3: toomanyrequests.*ghcr\.io\/registry:3: toomanyrequests[\s\S]*log in to Docker Hub/,
    ],
    ["not there", absent, /manifest unknown[\s\S]*name and tag/],
    ["denied", { code: 1, stderr: "denied: requested access to the resource is denied" }, /docker login/],
    [
      "down",
      { code: 1, stderr: "dial tcp: lookup x: no such host" },
      /no such host[\s\S]*docker pull on the runner/,
    ],
    [
      "the daemon's disk is full",
      { code: 1, stderr: "failed to register layer: write /usr/bin/kubelet: no space left on device" },
      /no space left[\s\S]*docker system df/,
    ],
    ["silent", { code: 7 }, /exit code 7/],
  ])("%s", async (_, answer, words) => {
    const { error } = await ensure([[/pull/, answer]]);
    expect(String(error)).toMatch(words);
  });
});

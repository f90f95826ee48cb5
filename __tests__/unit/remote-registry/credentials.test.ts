import { describe, expect, test } from "vitest";
import { type CredentialsQuery, findCredentials } from "../../../src/remote-registry/credentials.ts";
import { EnvironmentError, TimeoutError } from "../../../src/support/errors.ts";
import { silentLogger } from "../../../src/support/logger.ts";
import type { Argv, RunOptions, RunResult } from "../../../src/support/process-runner.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const inline = (host: string, text = "user:word") => ({ auths: { [host]: { auth: base64(text) } } });

interface World {
  readonly env?: Record<string, string>;
  /** Path to content; objects as JSON. */
  readonly files?: Record<string, unknown>;
  /** What a helper program answers: stdout and exit code. */
  readonly helper?: (program: string, server: string) => [stdout: string, code: number];
}

async function find(query: CredentialsQuery, { env = {}, files = {}, helper }: World = {}) {
  const masked: string[] = [];
  const asked: string[] = [];
  const run = async (argv: Argv, options?: RunOptions): Promise<RunResult> => {
    asked.push(`${argv.join(" ")} < ${options?.input}`);
    if (helper === undefined) throw new Error("no helper is expected");
    const [stdout, code] = helper(argv[0], options?.input ?? "");
    return { argv, code, signal: undefined, stdout, stderr: "" };
  };
  const found = await findCredentials(query, {
    env,
    homeFolder: "/home/me",
    async readFile(path) {
      const content = files[path];
      if (content === undefined) throw Object.assign(new Error("ENOENT: no such file"), { code: "ENOENT" });
      if (content instanceof Error) throw content;
      return typeof content === "string" ? content : JSON.stringify(content);
    },
    processes: { run, output: async () => "" },
    logger: { ...silentLogger, mask: (secret) => void masked.push(secret) },
  });
  return { ...found, masked, asked };
}

const config = "/home/me/.docker/config.json";
const password = (username: string, word: string) => ({ kind: "password", username, password: word });
const given = (username: string, secret: string) =>
  JSON.stringify({ ServerURL: "s", Username: username, Secret: secret });

describe("the inputs", () => {
  test("win over everything", async () => {
    const found = await find(
      { host: "r", username: "me", password: "word" },
      { files: { [config]: inline("r", "other:x") } },
    );
    expect(found.credentials).toEqual(password("me", "word"));
    expect(found.source).toBe("the inputs remote-registry-username and remote-registry-password");
    expect(found.masked).toEqual(expect.arrayContaining(["word", base64("word"), base64("me:word")]));
    expect(found.masked).not.toContain("me");
  });

  test.each([
    [
      { username: "me", password: "" },
      "remote-registry-username is given, but remote-registry-password is empty",
    ],
    [{ password: "word" }, "remote-registry-password is given, but remote-registry-username is empty"],
  ])("only one of the two is none, and no other login is taken: %j", async (inputs, source) => {
    const found = await find({ host: "r", ...inputs }, { files: { [config]: inline("r") } });
    expect(found).toMatchObject({ credentials: undefined, source });
  });
});

const zeros = "00000000-0000-0000-0000-000000000000";

describe("what docker login left", () => {
  const login = (host: string, files: Record<string, unknown>, env = {}) =>
    find({ host, username: "", password: "" }, { files, env });

  test.each<[what: string, host: string, file: unknown]>([
    ["inline", "reg.example:5000", inline("reg.example:5000")],
    ["under an old client's key", "reg.example", inline("https://reg.example/v1/")],
    ["Docker Hub's key", "docker.io", inline("https://index.docker.io/v1/")],
    ["as user and password", "r", { auths: { r: { username: "user", password: "word" } } }],
    [
      "an empty helper for this host means this file",
      "r",
      { ...inline("r"), credsStore: "other", credHelpers: { r: "" } },
    ],
    ["padded with zeros, as old clients did", "r", inline("r", "user:word\0\0")],
  ])("%s", async (_what, host, file) => {
    const found = await login(host, { [config]: file });
    expect(found).toMatchObject({ credentials: password("user", "word"), source: config });
  });

  test("a password may have colons", async () => {
    expect((await login("r", { [config]: inline("r", "user:a:b") })).credentials).toEqual(
      password("user", "a:b"),
    );
  });

  test("its own key wins over another with that host", async () => {
    const auths = { ...inline("https://r/v1/", "old:x").auths, ...inline("r", "new:y").auths };
    expect((await login("r", { [config]: { auths } })).credentials).toEqual(password("new", "y"));
  });

  test("an identity token is told as one", async () => {
    const file = { auths: { r: { auth: base64("00000000:"), identitytoken: "id" } } };
    const found = await login("r", { [config]: file });
    expect(found.credentials).toEqual({ kind: "identity-token", identityToken: "id" });
    expect(found.masked).toContain("id");
  });

  test.each<[string, boolean]>([
    ["team.azurecr.io", true],
    ["team.azurecr.cn", true],
    ["team.azurecr.io.example", false],
    ["azurecr.io", false],
    ["a.b.azurecr.io", false],
  ])("at Azure it is the password of a user of zeros: %s", async (host, isAzures) => {
    const file = { auths: { [host]: { auth: base64(`${zeros}:`), identitytoken: "id" } } };
    const found = await login(host, { [config]: file });
    const token = { kind: "identity-token", identityToken: "id" };
    expect(found.credentials).toEqual(isAzures ? password(zeros, "id") : token);
    expect(found.masked).toContain("id");
    if (isAzures) expect(found.masked).toContain(base64(`${zeros}:id`));
  });

  test("DOCKER_AUTH_CONFIG wins, and what it lacks is looked for in the file", async () => {
    const env = { DOCKER_AUTH_CONFIG: JSON.stringify(inline("r", "env:x")) };
    const files = { [config]: { auths: { ...inline("r").auths, ...inline("other").auths } } };
    expect(await login("r", files, env)).toMatchObject({
      credentials: password("env", "x"),
      source: "DOCKER_AUTH_CONFIG",
    });
    expect(await login("other", files, env)).toMatchObject({
      credentials: password("user", "word"),
      source: config,
    });
  });

  test("DOCKER_CONFIG moves the file", async () => {
    const found = await login(
      "r",
      { "/etc/d/config.json": inline("r"), [config]: inline("r", "no:no") },
      { DOCKER_CONFIG: "/etc/d" },
    );
    expect(found.source).toBe("/etc/d/config.json");
  });

  test.each<[what: string, files: Record<string, unknown>, source: RegExp]>([
    ["no file", {}, /no inputs, and no file \/home\/me\/\.docker\/config\.json/],
    ["an empty file", { [config]: "" }, /has no login for r$/],
    ["another host's", { [config]: inline("other") }, /has no login for r$/],
    ["an entry that only a helper could fill", { [config]: { auths: { r: {} } } }, /has no login for r$/],
    ["a host that begins alike", { [config]: inline("r.example") }, /has no login for r$/],
  ])("%s: none, and where it was looked for", async (_what, files, source) => {
    expect(await login("r", files)).toMatchObject({
      credentials: undefined,
      source: expect.stringMatching(source),
    });
  });

  test("a file that cannot be read is an error, not none", async () => {
    const denied = Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
    await expect(login("r", { [config]: denied })).rejects.toThrow(/EACCES.*\n.*make the file readable/);
  });

  test("a file of another form names the place", async () => {
    await expect(login("r", { [config]: { auths: { r: { auth: 5 } } } })).rejects.toThrow(
      "auths.r.auth has not the form",
    );
    await expect(login("r", { [config]: "{" })).rejects.toThrow("it is not JSON");
    await expect(login("r", {}, { DOCKER_AUTH_CONFIG: "nonsense" })).rejects.toThrow("DOCKER_AUTH_CONFIG");
  });
});

describe("helper programs", () => {
  const stores = { credsStore: "general", credHelpers: { "own.example": "own" } };
  const ask = (host: string, helper: World["helper"], file: object = stores) =>
    find({ host }, { files: { [config]: file }, ...(helper === undefined ? {} : { helper }) });

  test.each([
    [
      "own.example",
      "docker-credential-own get < own.example",
      "docker-credential-own (credHelpers in /home/me/.docker/config.json)",
    ],
    [
      "r",
      "docker-credential-general get < r",
      "docker-credential-general (credsStore in /home/me/.docker/config.json)",
    ],
    [
      "docker.io",
      "docker-credential-general get < https://index.docker.io/v1/",
      "docker-credential-general (credsStore in /home/me/.docker/config.json)",
    ],
  ])("%s", async (host, asked, source) => {
    const found = await ask(host, () => [given("user", "word"), 0]);
    expect(found).toMatchObject({ credentials: password("user", "word"), source, asked: [asked] });
    expect(found.masked).toContain("word");
  });

  test("<token> is an identity token", async () => {
    const found = await ask("r", () => [given("<token>", "id"), 0]);
    expect(found.credentials).toEqual({ kind: "identity-token", identityToken: "id" });
  });

  test("<token> is Azure's password too", async () => {
    const found = await ask("team.azurecr.io", () => [given("<token>", "id"), 0]);
    expect(found.credentials).toEqual(password(zeros, "id"));
  });

  test("none found is none; what is inline beside a helper is not taken, as docker would not", async () => {
    const file = { ...stores, ...inline("r") };
    const found = await ask("r", () => ["credentials not found in native keychain\n", 1], file);
    expect(found.credentials).toBeUndefined();
    expect(found.source).toMatch(/docker-credential-general .* has none for r$/);
  });

  test("an empty secret is none", async () => {
    expect((await ask("r", () => [given("user", ""), 0])).credentials).toBeUndefined();
  });

  test("a failure is an error that says how to see it", async () => {
    const failing = ask("r", () => ["error getting credentials: locked\n", 1]);
    await expect(failing).rejects.toThrow(
      /it failed: error getting credentials: locked[\s\S]*echo r \| docker-credential-general get/,
    );
  });

  test("a helper that hangs is named, and what it said so far is not shown", async () => {
    const hanging = ask("r", () => {
      throw new TimeoutError({ tried: "run it", seen: "last words: the-secret", todo: "wait" });
    });
    await expect(hanging).rejects.toThrow(EnvironmentError);
    await expect(hanging).rejects.toThrow("had not answered after 30 s");
    await expect(hanging).rejects.not.toThrow("the-secret");
  });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { findCredentials } from "../../../src/remote-registry/credentials.ts";
import { deleteRunTag } from "../../../src/remote-registry/deletion.ts";
import { registryHttp } from "../../../src/remote-registry/http.ts";
import { provePush } from "../../../src/remote-registry/prove-push.ts";
import { remoteRegistry } from "../../../src/remote-registry/reference.ts";
import { EnvironmentError, ReportedError } from "../../../src/support/errors.ts";
import { systemProcessRunner } from "../../../src/support/process-runner.ts";
import { quickClock } from "../../unit/quick-clock.ts";
import { recordingLogger } from "./recording.ts";
import { type Answer, type Asked, standIn } from "./stand-in.ts";

const password = "canary-4711/äöü+x";
const bearer = "canary-token-0815";
const base64 = (text: string) => Buffer.from(text).toString("base64");
const forms = [password, base64(password), base64(`user:${password}`), encodeURIComponent(password), bearer];

/** What of the secrets is in a text. */
const found = (text: string) => forms.filter((form) => text.includes(form));

/** All that an error says, to whoever prints all of it. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const evidence = error instanceof ReportedError ? JSON.stringify([error.account, error.evidence]) : "";
  return [error.stack, error.message, evidence, wordsOf(error.cause ?? "")].join("\n");
}

/** The worst of registries: repeats in each answer what it was sent. */
const repeating =
  (status: number) =>
  (asked: Asked): Answer => ({
    status,
    body: {
      errors: [
        {
          code: "DENIED",
          message: `you sent ${asked.authorization} with ${asked.body}: ${password} ${forms.join(" ")}`,
        },
      ],
    },
  });

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "canary-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** A credential helper as a program on a PATH of its own. */
function helper(script: string): { bin: string; config: string } {
  const bin = folder();
  const config = folder();
  writeFileSync(join(bin, "docker-credential-canary"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  writeFileSync(join(config, "config.json"), JSON.stringify({ credsStore: "canary" }));
  return { bin, config };
}

function find(host: string, { bin, config }: { bin: string; config: string }, logger = recordingLogger()) {
  const env = { PATH: `${bin}:/usr/bin:/bin`, DOCKER_CONFIG: config };
  const processes = systemProcessRunner(env);
  const reading = {
    env,
    homeFolder: "/nowhere",
    readFile: (path: string) => readFile(path, "utf8"),
    processes,
    logger,
  };
  return findCredentials({ host }, reading);
}

const answer = JSON.stringify({ ServerURL: "x", Username: "user", Secret: password });

describe("a planted leak", () => {
  test.each(forms)("is found by this search: %s", (form) => {
    expect(found(`before ${form} after`)).not.toEqual([]);
    expect(found(wordsOf(new EnvironmentError({ tried: "x", seen: form, todo: "y" })))).not.toEqual([]);
  });
});

describe("the secret of a credential helper", () => {
  test("is masked before anything is said, in all its forms", async () => {
    const logger = recordingLogger();
    const { credentials } = await find("reg.example", helper(`cat > /dev/null; echo '${answer}'`), logger);
    expect(credentials).toEqual({ kind: "password", username: "user", password });
    expect(logger.masked).toEqual(expect.arrayContaining(forms.slice(0, 3)));
    expect(logger.masked).not.toContain("user");
    expect(logger.lines).toEqual([]);
  });

  test("is told which registry is meant by stdin, never by an argument", async () => {
    const { credentials } = await find(
      "reg.example:5000",
      helper(
        `read server; [ "$*" = get ] && echo "{\\"Username\\": \\"user\\", \\"Secret\\": \\"for $server\\"}"`,
      ),
    );
    expect(credentials).toMatchObject({ password: "for reg.example:5000" });
  });

  test.each([
    ["an answer that is no JSON", `echo 'not JSON: ${password}'`],
    ["an answer of another form", `echo '{"Password": "${password}"}'`],
  ])("is in no error: %s", async (_what, script) => {
    const error = await find("reg.example", helper(script)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EnvironmentError);
    expect(found(wordsOf(error))).toEqual([]);
  });
});

describe("a broken docker config", () => {
  test.each([
    ["JSON cut off", `{"auths": {"reg.example": {"auth": "${base64(`user:${password}`)}"`],
    ["a wrong type", `{"auths": {"reg.example": ["${password}"]}}`],
    ["auth without a user", `{"auths": {"reg.example": {"auth": "${base64(password)}"}}}`],
  ])("is reported without its content: %s", async (_what, text) => {
    const config = folder();
    writeFileSync(join(config, "config.json"), text);
    const error = await find("reg.example", { bin: config, config }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EnvironmentError);
    expect(wordsOf(error)).toContain("config.json");
    expect(found(wordsOf(error))).toEqual([]);
  });
});

describe.each([400, 401, 403, 404, 405, 429, 500])(
  "a registry that repeats what it was sent, with %i",
  (status) => {
    test.each(["Basic", "Bearer"])("puts no secret into a proof, a report or the log: %s", async (scheme) => {
      const tokens = await standIn((asked) =>
        status === 400 ? { status: 200, body: { token: bearer } } : repeating(status)(asked),
      );
      const challenge =
        scheme === "Basic" ? 'Basic realm="x"' : `Bearer realm="${tokens.origin}/",service="x"`;
      const registry = await standIn((asked) =>
        asked.authorization === undefined
          ? { status: 401, headers: { "www-authenticate": challenge } }
          : repeating(status)(asked),
      );
      const http = registryHttp({ env: {} });
      const logger = recordingLogger();
      const deps = { http, clock: quickClock(), logger };
      const credentials = { kind: "password", username: "user", password } as const;
      const remote = remoteRegistry({ host: registry.host, path: "team" }, true);
      const proof = await provePush({ registry: remote }, credentials, {
        ...deps,
        source: "the inputs",
        caGiven: false,
      });
      const reports = await deleteRunTag(
        {
          registry: remote,
          repositories: ["app"],
          tag: "run",
          credentials,
          token: undefined,
          githubApiUrl: "https://api.github.com",
          caGiven: false,
        },
        deps,
      );
      // The servers did see the secret, so that this search can fail.
      expect(tokens.asked.length + registry.asked.length).toBeGreaterThan(3);
      expect(JSON.stringify([...registry.asked, ...tokens.asked])).toContain(base64(`user:${password}`));
      expect(found(JSON.stringify([proof, reports, logger.lines]))).toEqual([]);
      expect(JSON.stringify([proof, reports])).toMatch(/\*\*\*|asked too often|not there/);
    });
  },
);

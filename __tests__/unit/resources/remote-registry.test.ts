import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Proof } from "../../../src/remote-registry/prove-push.ts";
import { remoteRegistry } from "../../../src/remote-registry/reference.ts";
import {
  nodeFilesFor,
  proveRemoteRegistry,
  writeBuildkitFiles,
} from "../../../src/resources/remote-registry.ts";
import { EnvironmentError } from "../../../src/support/errors.ts";
import { type Logger, silentLogger } from "../../../src/support/logger.ts";

const planWith = (ca?: string, plainHttp = false) => ({
  kind: "remote" as const,
  registry: remoteRegistry({ host: "reg.example:5000", path: "team" }, plainHttp),
  ca,
  deleteImages: [],
});
const identityToken = { kind: "identity-token", identityToken: "t" } as const;
const account = { tried: "x", seen: "y", todo: "z" };

function recording(): { logger: Logger; said: string[] } {
  const said: string[] = [];
  const saying = (how: string) => (text: string) => void said.push(`${how}: ${text}`);
  const logger = {
    ...silentLogger,
    info: saying("info"),
    notice: saying("notice"),
    warning: saying("warning"),
  };
  return { logger, said };
}

describe("the proof of the right to push", () => {
  test.each<[Proof]>([
    [{ kind: "refused", why: "wrong-password", account }],
    [{ kind: "unreachable", account }],
    [{ kind: "needs-credentials", text: "it asks" }],
  ])("ends the run: $kind", async (proof) => {
    const use = { credentials: undefined, provePush: () => Promise.resolve(proof) };
    await expect(proveRemoteRegistry(planWith(), use, silentLogger)).rejects.toThrow(EnvironmentError);
  });

  test.each<[Proof, string]>([
    [{ kind: "not-definite", text: "whether it works is open" }, "notice: Whether it works is open"],
    [{ kind: "proven", text: "it works" }, "info: it works"],
  ])("is said: $kind", async (proof, words) => {
    const { logger, said } = recording();
    const use = { credentials: undefined, provePush: () => Promise.resolve(proof) };
    await proveRemoteRegistry(planWith(), use, logger);
    expect(said).toEqual([words]);
  });

  test("what the nodes and the daemon lack is said", async () => {
    const { logger, said } = recording();
    const proof: Proof = { kind: "proven", text: "it works" };
    const use = { credentials: identityToken, provePush: () => Promise.resolve(proof) };
    await proveRemoteRegistry(planWith("PEM"), use, logger);
    expect(said.join("\n")).toMatch(
      /warning: The nodes cannot pull.*identity token[\s\S]*\/etc\/docker\/certs\.d/,
    );
    expect(nodeFilesFor(planWith(), use)).toEqual([]);
  });
});

test("the files for BuildKit are private and point to the authority's certificate", async () => {
  const folder = mkdtempSync(join(tmpdir(), "buildkit-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const files = {
    folder,
    kubeconfig: "",
    jobKubeconfig: "",
    userKubeconfig: undefined,
    buildkitd: join(folder, "buildkitd.toml"),
    registryCa: join(folder, "registry-ca.crt"),
    tunnelLog: "",
  };
  await writeBuildkitFiles(planWith("PEM"), files);
  expect(readFileSync(files.buildkitd, "utf8")).toContain(`ca = ["${files.registryCa}"]`);
  expect(readFileSync(files.registryCa, "utf8")).toBe("PEM");
  expect(statSync(files.registryCa).mode & 0o777).toBe(0o600);
  await writeBuildkitFiles(planWith(undefined, true), files);
  expect(readFileSync(files.buildkitd, "utf8")).toContain("http = true");
});

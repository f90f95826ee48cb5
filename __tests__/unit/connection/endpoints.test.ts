import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endpointForLaterSteps, endpointMeant, pinned } from "../../../src/connection/context-store.ts";
import { daemonConnection } from "../../../src/connection/daemon.ts";

const plain = (host: string) => ({ host, named: false, skipTlsVerify: false, tlsFolder: undefined });

describe("the connection behind an endpoint", () => {
  test.each([
    ["a socket", plain("unix:///run/d.sock"), {}, { kind: "socket", path: "/run/d.sock" }],
    ["tcp", plain("tcp://far:2375"), {}, { kind: "tcp", host: "far", port: 2375, tls: undefined }],
    ["tcp without a port", plain("tcp://far"), {}, { kind: "tcp", host: "far", port: 2375, tls: undefined }],
    ["IPv6", plain("tcp://[fd00::1]:2375"), {}, { kind: "tcp", host: "fd00::1", port: 2375, tls: undefined }],
    [
      "TLS by the variables, where any value means yes",
      plain("tcp://far:2376"),
      { DOCKER_TLS_VERIFY: "0", DOCKER_CERT_PATH: "/certs" },
      { kind: "tcp", host: "far", port: 2376, tls: { folder: "/certs", verify: true } },
    ],
    [
      "TLS without verification, with the files in the docker command's folder",
      plain("tcp://far:2376"),
      { DOCKER_TLS: "1", HOME: "/home/me" },
      { kind: "tcp", host: "far", port: 2376, tls: { folder: "/home/me/.docker", verify: false } },
    ],
    [
      "a context's own files",
      { host: "tcp://far:2376", named: true, skipTlsVerify: false, tlsFolder: "/store/docker" },
      {},
      { kind: "tcp", host: "far", port: 2376, tls: { folder: "/store/docker", verify: true } },
    ],
    [
      "a context without TLS, whatever the variables say",
      { ...plain("tcp://far:2375"), named: true },
      { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certs" },
      { kind: "tcp", host: "far", port: 2375, tls: undefined },
    ],
  ])("%s", (_, endpoint, env, connection) => {
    expect(daemonConnection(endpoint, env)).toEqual(connection);
  });

  test.each(["ssh://far", "npipe:////./pipe/docker", ""])("%s is for the docker command alone", (host) => {
    expect(daemonConnection(plain(host), {})).toBeUndefined();
  });
});

describe("what the variables mean", () => {
  let folder: string;
  const id = createHash("sha256").update("far").digest("hex");
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "docker-"));
    mkdirSync(join(folder, "contexts/meta", id), { recursive: true });
    mkdirSync(join(folder, "contexts/tls", id, "docker"), { recursive: true });
    writeFileSync(
      join(folder, "contexts/meta", id, "meta.json"),
      JSON.stringify({
        Name: "far",
        Endpoints: { docker: { Host: "tcp://far:2376", SkipTLSVerify: false } },
      }),
    );
    writeFileSync(join(folder, "config.json"), JSON.stringify({ currentContext: "far" }));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("DOCKER_HOST wins over a context", () => {
    expect(
      endpointMeant({ DOCKER_HOST: "ssh://other", DOCKER_CONTEXT: "far", DOCKER_CONFIG: folder })?.host,
    ).toBe("ssh://other");
  });

  test("a context by name, and the current one, with their TLS files", () => {
    const far = {
      host: "tcp://far:2376",
      named: true,
      skipTlsVerify: false,
      tlsFolder: join(folder, "contexts/tls", id, "docker"),
    };
    expect(endpointMeant({ DOCKER_CONTEXT: "far", DOCKER_CONFIG: folder })).toEqual(far);
    expect(endpointMeant({ DOCKER_CONFIG: folder })).toEqual(far);
    expect(endpointForLaterSteps(far, { DOCKER_CONTEXT: "other" })).toEqual({
      DOCKER_HOST: "tcp://far:2376",
      DOCKER_TLS_VERIFY: "1",
      DOCKER_CERT_PATH: far.tlsFolder,
      DOCKER_CONTEXT: "",
    });
  });

  test("the default context, and one that is not there, are the docker command's to tell", () => {
    expect(endpointMeant({ DOCKER_CONTEXT: "default", DOCKER_CONFIG: folder })).toBeUndefined();
    expect(endpointMeant({ DOCKER_CONTEXT: "unknown", DOCKER_CONFIG: folder })).toBeUndefined();
  });

  test("what post goes by names the context that was current", () => {
    expect(pinned({ DOCKER_CONFIG: folder }, {})).toEqual({ DOCKER_CONFIG: folder, DOCKER_CONTEXT: "far" });
    expect(pinned({}, { HOME: join(folder, "nowhere") })).toEqual({ DOCKER_CONTEXT: "default" });
    expect(pinned({ DOCKER_HOST: "tcp://x" }, {})).toEqual({ DOCKER_HOST: "tcp://x" });
    expect(pinned({ DOCKER_CONTEXT: "x" }, {})).toEqual({ DOCKER_CONTEXT: "x" });
  });

  test("a context without TLS takes the variables for it away", () => {
    expect(
      endpointForLaterSteps({ ...plain("tcp://far:2375"), named: true }, { DOCKER_TLS_VERIFY: "1" }),
    ).toEqual({ DOCKER_HOST: "tcp://far:2375", DOCKER_TLS_VERIFY: "" });
  });

  test("a socket takes no TLS along", () => {
    expect(
      endpointForLaterSteps(plain("unix:///d.sock"), { DOCKER_TLS_VERIFY: "1", DOCKER_CONTEXT: "far" }),
    ).toEqual({ DOCKER_HOST: "unix:///d.sock", DOCKER_TLS_VERIFY: "", DOCKER_CONTEXT: "" });
  });

  test("a host that was given keeps the variables' TLS", () => {
    expect(endpointForLaterSteps(plain("tcp://far:2376"), { DOCKER_TLS_VERIFY: "1" })).toEqual({
      DOCKER_HOST: "tcp://far:2376",
    });
  });
});

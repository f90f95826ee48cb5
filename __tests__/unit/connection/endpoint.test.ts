import { describe, expect, test } from "vitest";
import { commandEnv, endpointEnv, looksLocal, ownerVariable } from "../../../src/connection/endpoint.ts";

describe("what programs that we start get of the environment", () => {
  const job = { PATH: "/bin", HOME: "/root", HTTPS_PROXY: "http://proxy:3128", GITHUB_RUN_ID: "4711" };

  test("the job's own variables, and kind is told to use docker", () => {
    expect(commandEnv(job, {}, undefined)).toEqual({ ...job, KIND_EXPERIMENTAL_PROVIDER: "docker" });
  });

  test.each([
    ["the token", "INPUT_TOKEN"],
    ["inputs with a hyphen", "INPUT_REMOTE-REGISTRY-PASSWORD"],
    ["what is saved for post", "STATE_owner"],
    ["the runner's token for caches and artifacts", "ACTIONS_RUNTIME_TOKEN"],
    ["the one for OpenID Connect", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"],
  ])("not %s", (_, name) => {
    expect(Object.keys(commandEnv({ ...job, [name]: "secret" }, {}, "abc"))).not.toContain(name);
    expect(JSON.stringify(commandEnv({ ...job, [name]: "secret" }, {}, "abc"))).not.toContain("secret");
  });

  test("the daemon of the given endpoint, and no rival that the job's environment names", () => {
    const env = { ...job, DOCKER_CONTEXT: "far", DOCKER_HOST: "tcp://far:1", DOCKER_TLS: "1" };
    const given = commandEnv(env, { DOCKER_HOST: "tcp://near:2" }, undefined);
    expect(Object.entries(given).filter(([name]) => name.startsWith("DOCKER_"))).toEqual([
      ["DOCKER_HOST", "tcp://near:2"],
    ]);
  });

  test("another provider of kind's is not taken from the job", () => {
    const given = commandEnv({ KIND_EXPERIMENTAL_PROVIDER: "podman" }, {}, undefined);
    expect(given["KIND_EXPERIMENTAL_PROVIDER"]).toBe("docker");
  });

  test("the mark of the owner that down finds them by; one of an outer use is not handed on", () => {
    expect(commandEnv(job, {}, "abc")[ownerVariable]).toBe("abc");
    expect(commandEnv({ [ownerVariable]: "outer" }, {}, "abc")[ownerVariable]).toBe("abc");
    expect(commandEnv({ [ownerVariable]: "outer" }, {}, undefined)).not.toHaveProperty(ownerVariable);
  });
});

describe("the variables that select the daemon", () => {
  const tls = { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certs", DOCKER_CONFIG: "/config" };

  test("are those of the job when nothing is asked, without empty ones and without others", () => {
    const env = { ...tls, DOCKER_HOST: "tcp://x:1", DOCKER_CONTEXT: "", DOCKER_BUILDKIT: "1", PATH: "/bin" };
    expect(endpointEnv(undefined, env)).toEqual({ ...tls, DOCKER_HOST: "tcp://x:1" });
  });

  test("a host that is asked for beats the job's host and context, and keeps certificates", () => {
    const env = { ...tls, DOCKER_HOST: "tcp://x:1", DOCKER_CONTEXT: "far" };
    expect(endpointEnv({ kind: "host", host: "tcp://y:2" }, env)).toEqual({
      ...tls,
      DOCKER_HOST: "tcp://y:2",
    });
  });

  test("so does a context, which DOCKER_HOST would silently beat", () => {
    const env = { DOCKER_HOST: "tcp://x:1", DOCKER_CONTEXT: "far" };
    expect(endpointEnv({ kind: "context", context: "near" }, env)).toEqual({ DOCKER_CONTEXT: "near" });
  });
});

describe("an address that looks like this machine's", () => {
  test.each([
    ["unix:///var/run/docker.sock", true],
    ["unix:///home/someone/.docker/run/docker.sock", true],
    ["npipe:////./pipe/docker_engine", true],
    ["tcp://localhost:2375", true],
    ["tcp://localhost", true],
    ["tcp://127.0.0.1:2376", true],
    ["tcp://[::1]:2375", true],
    ["tcp://127.0.0.1/", true],
    ["tcp://localhost.example.com:2375", false],
    ["tcp://127.0.0.1.example.com:2375", false],
    ["tcp://127.0.0.10:2375", false],
    ["tcp://docker:2376", false],
    ["tcp://10.0.0.1:2375", false],
    ["tcp://[::10]:2375", false],
    ["ssh://someone@localhost", false],
    ["ssh://far", false],
    ["", false],
  ])("“%s”: %s", (address, local) => {
    expect(looksLocal(address)).toBe(local);
  });
});

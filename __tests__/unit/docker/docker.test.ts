import { describe, expect, test } from "vitest";
import {
  dockerCommand,
  linesOf,
  saysNameTaken,
  saysPortTaken,
  saysRegistryBusy,
} from "../../../src/docker/docker.ts";
import type { ProcessRunner, RunOptions } from "../../../src/support/process-runner.ts";
import { fakeDocker } from "./fake-docker.ts";

const said = (stderr: string) => ({
  argv: ["docker"] as const,
  code: 1,
  signal: undefined,
  stdout: "",
  stderr,
});

describe("what docker says", () => {
  test.each<[string, boolean]>([
    [
      "docker: Error response from daemon: driver failed programming external connectivity on endpoint kind-registry: Bind for 127.0.0.1:5000 failed: port is already allocated.",
      true,
    ],
    ["Error starting userland proxy: listen tcp4 127.0.0.1:5000: bind: address already in use", true],
    [
      "failed to set up container networking: failed to bind host port for 127.0.0.1:5000: address already in use",
      true,
    ],
    ["Unable to find image 'registry:3' locally", false],
  ])("%s: port taken %s", (stderr, taken) => {
    expect(saysPortTaken(said(stderr))).toBe(taken);
  });

  test.each<[string, boolean]>([
    [
      'Conflict. The container name "/kind-registry" is already in use by container "c0ffee". You have to remove (or rename) that container',
      true,
    ],
    ["Bind for 127.0.0.1:5000 failed: port is already allocated", false],
    ["listen tcp4 127.0.0.1:5000: bind: address already in use", false],
  ])("%s: name taken %s", (stderr, taken) => {
    expect(saysNameTaken(said(stderr))).toBe(taken);
  });

  test.each<[string, boolean]>([
    ["toomanyrequests: You have reached your pull rate limit.", true],
    ["received unexpected HTTP status: 503 Service Unavailable", true],
    ["dial tcp: lookup registry-1.docker.io: no such host", true],
    ["net/http: TLS handshake timeout", true],
    ["read: connection reset by peer", true],
    ["manifest unknown: manifest unknown", false],
    ["pull access denied for x, repository does not exist or may require 'docker login'", false],
  ])("%s: the registry is busy %s", (stderr, busy) => {
    expect(saysRegistryBusy(said(stderr))).toBe(busy);
  });
});

test("every command gets the endpoint's environment and nothing else", async () => {
  const seen: (RunOptions | undefined)[] = [];
  const runner: ProcessRunner = {
    run: (argv, options) => {
      seen.push(options);
      return Promise.resolve({ argv, code: 0, signal: undefined, stdout: "", stderr: "" });
    },
    output: (_, options) => {
      seen.push(options);
      return Promise.resolve("");
    },
  };
  const env = { DOCKER_HOST: "tcp://far:1" };
  const docker = dockerCommand(runner, env);
  await docker.run(["ps"], { deadline: 1 });
  await docker.output(["ps"]);
  expect(seen).toEqual([{ deadline: 1, env }, { env }]);
  expect(docker.env).toEqual(env);
});

test("output is without its last line end; a refusal is an error", async () => {
  const { docker } = fakeDocker([
    [/ps/, { stdout: " one\ntwo\n" }],
    [/./, { code: 1, stderr: "it is broken" }],
  ]);
  expect(await docker.output(["ps"])).toBe(" one\ntwo");
  await expect(docker.output(["info"])).rejects.toThrow("it is broken");
});

test("a listing has no empty lines", () => {
  expect(linesOf("a\n\nb\n")).toEqual(["a", "b"]);
  expect(linesOf("")).toEqual([]);
});

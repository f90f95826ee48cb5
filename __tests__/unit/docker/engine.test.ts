import { describe, expect, test } from "vitest";
import { findEngine } from "../../../src/docker/engine.ts";
import { EnvironmentError } from "../../../src/support/errors.ts";
import { fakeDocker } from "./fake-docker.ts";

const server = { Version: "28.0.0", ApiVersion: "1.48", Components: [{ Name: "Engine" }] };
const about = { OSType: "linux", CgroupVersion: "2", DockerRootDir: "/var/lib/docker", Name: "machine" };

const find = (version: object, info: object) =>
  findEngine(
    fakeDocker([
      [/^docker version/, { stdout: JSON.stringify({ Server: version }) }],
      [/^docker info/, { stdout: JSON.stringify(info) }],
    ]).docker,
  );

test("the engine says who it is", async () => {
  await expect(find(server, about)).resolves.toMatchObject({
    version: "28.0.0",
    cgroupVersion: "2",
    rootless: false,
  });
  await expect(find(server, { ...about, CgroupVersion: undefined })).resolves.toMatchObject({
    cgroupVersion: "1",
  });
  const rootless = { ...about, SecurityOptions: ["name=rootless"] };
  await expect(find(server, rootless)).resolves.toMatchObject({ rootless: true });
});

describe("refused in words", () => {
  test.each<[string, object, object, RegExp]>([
    ["podman by its component", { ...server, Components: [{ Name: "Podman Engine" }] }, about, /podman/],
    ["podman by its info", server, { host: {} }, /podman/],
    ["Windows containers", server, { ...about, OSType: "windows" }, /windows containers[\s\S]*Linux runner/],
    [
      "a Docker that is too old",
      { ...server, Version: "19.03.1", ApiVersion: "1.40" },
      about,
      /19\.03\.1[\s\S]*20\.10/,
    ],
  ])("%s", async (_, version, info, words) => {
    const refusal = find(version, info);
    await expect(refusal).rejects.toBeInstanceOf(EnvironmentError);
    await expect(refusal).rejects.toThrow(words);
  });

  test.each([
    ["build@far: Permission denied (publickey).", /give ssh a key/],
    ["permission denied while trying to connect to the Docker daemon socket", /group docker/],
    [
      "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
      /start the Docker daemon/,
    ],
    ['context "far": context not found', /docker context ls/],
    ["tls: failed to verify certificate: x509: certificate has expired", /DOCKER_CERT_PATH/],
    ["lookup far: no such host", /host name/],
    ["something new", /docker info/],
  ])("docker says: %s", async (stderr, todo) => {
    const refusal = findEngine(fakeDocker([[/./, { code: 1, stderr }]]).docker);
    await expect(refusal).rejects.toThrow(stderr);
    await expect(refusal).rejects.toThrow(todo);
  });
});

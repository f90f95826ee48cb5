import { describe, expect, test } from "vitest";
import { findEngine } from "../../../src/docker/engine.ts";
import { EnvironmentError, TimeoutError } from "../../../src/support/errors.ts";
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
    [
      "rootless on cgroup v1",
      server,
      { ...about, CgroupVersion: "1", SecurityOptions: ["name=rootless"] },
      /cgroup v1[\s\S]*unified_cgroup_hierarchy=1/,
    ],
    [
      "rootless without delegated controllers",
      server,
      { ...about, SecurityOptions: ["name=rootless"], MemoryLimit: true, PidsLimit: false, CPUShares: false },
      /PidsLimit, CPUShares[\s\S]*Delegate=yes/,
    ],
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
    ["Host key verification failed.", /known_hosts/],
    ["ssh: connect to host 127.0.0.1 port 9: Connection refused", /sshd/],
    ["ssh: Could not resolve hostname far: Name or service not known", /correct the host name/],
    ["permission denied while trying to connect to the Docker daemon socket", /group docker/],
    ["Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?", /docker context ls/],
    [
      "Cannot connect to the Docker daemon at tcp://127.0.0.1:9. Is the docker daemon running?",
      /dockerd --host/,
    ],
    [
      'error during connect: Get "http://far:2376/v1.50/version": dial tcp: lookup far on 10.0.0.53:53: no such host',
      /correct the host name/,
    ],
    [
      'error during connect: Get "http://far:2376/v1.50/version": dial tcp: lookup far on 10.0.0.53:53: dial udp 10.0.0.53:53: connect: network is unreachable',
      /or this machine's DNS/,
    ],
    ['Get "https://10.0.0.9:2376/v1.50/version": dial tcp 10.0.0.9:2376: i/o timeout', /firewall/],
    ['Get "https://10.0.0.9:2376/v1.50/version": dial tcp 10.0.0.9:2376: no route to host', /firewall/],
    [
      'unable to resolve docker endpoint: context "nope": context not found: open /root/.docker/contexts/meta/ca37/meta.json: no such file or directory',
      /docker context ls/,
    ],
    [
      "unable to resolve docker endpoint: open /nonexistent/ca.pem: no such file or directory",
      /put ca\.pem, cert\.pem and key\.pem/,
    ],
    ["remote error: tls: certificate required", /put cert\.pem and key\.pem, both/],
    ["remote error: tls: expired certificate", /renew the client's certificate/],
    [
      'the server probably has client authentication (--tlsverify) enabled; check your TLS client certification settings: Get "https://10.0.0.9:2376/v1.50/version": remote error: tls: bad certificate',
      /renew the client's certificate/,
    ],
    [
      "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-29T09:24:38Z is after 2026-11-28T09:24:36Z",
      /renew the daemon's certificate/,
    ],
    [
      "tls: failed to verify certificate: x509: certificate signed by unknown authority",
      /ca\.pem in DOCKER_CERT_PATH is the authority/,
    ],
    [
      "tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs",
      /as its certificate does/,
    ],
    [
      "failed to retrieve context tls info: tls: private key does not match public key",
      /check DOCKER_CERT_PATH/,
    ],
    ["failed to retrieve context tls info: ca.pem seems invalid", /check DOCKER_CERT_PATH/],
    ["Client sent an HTTP request to an HTTPS server.", /DOCKER_TLS_VERIFY=1/],
    ["http: server gave HTTP response to HTTPS client", /unset DOCKER_TLS_VERIFY/],
    ["client version 1.52 is too new. Maximum supported API version is 1.40", /update Docker/],
    ["invalid bind address format: nonsense://x", /unix:\/\/\/path/],
    ["something new", /docker info/],
  ])("docker says: %s", async (stderr, todo) => {
    const refusal = findEngine(fakeDocker([[/./, { code: 1, stderr }]]).docker);
    await expect(refusal).rejects.toThrow(stderr);
    await expect(refusal).rejects.toThrow(todo);
  });

  test("a daemon that is silent", async () => {
    const account = { tried: "run docker", seen: "it had not ended", todo: "wait" };
    const run = () => Promise.reject(new TimeoutError(account));
    const docker = { run, output: () => Promise.reject(new Error()), env: { DOCKER_HOST: "tcp://far:2375" } };
    const refusal = findEngine(docker);
    await expect(refusal).rejects.toThrow(/tcp:\/\/far:2375 did not answer within 40 s[\s\S]*firewall/);
  });
});

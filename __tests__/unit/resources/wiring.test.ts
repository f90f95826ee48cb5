import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import {
  buildkitdConfig,
  hostsFiles,
  joinNetwork,
  localRegistryHosting,
  remoteRegistryFiles,
  wireNode,
  withoutProxyFor,
  writeFilesScript,
} from "../../../src/resources/wiring.ts";
import { fakeDocker } from "../docker/fake-docker.ts";

const registry = { name: "kind-registry", port: 5001 };

test("nodes find the registry by every name it is pushed under", async () => {
  const files = hostsFiles(registry);
  expect(files.map(({ path }) => path)).toEqual(
    ["localhost:5001", "127.0.0.1:5001", "kind-registry:5000"].map(
      (host) => `/etc/containerd/certs.d/${host}/hosts.toml`,
    ),
  );
  for (const { text } of files) expect(text).toContain('[host."http://kind-registry:5000"]');
  const { docker, lines, inputs } = fakeDocker();
  await wireNode(docker, "kind-worker", files);
  expect(lines()).toHaveLength(1);
  expect(lines()[0]).toContain("exec --privileged --interactive kind-worker sh -s");
  expect(inputs()[0]).toContain("/etc/containerd/certs.d/localhost:5001");
});

test("files on a node come whole, with their rights, whatever is in them, and never by an argument", () => {
  const folder = mkdtempSync(join(tmpdir(), "node-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const files = [
    { path: join(folder, "a b/c'd/config.json"), text: "it's $HOME `x` \\n %s\n", mode: 0o600 },
    { path: join(folder, "hosts.toml"), text: "second", mode: 0o644 },
  ];
  execFileSync("sh", ["-s"], { input: writeFilesScript(files) });
  for (const { path, text, mode } of files) {
    expect(readFileSync(path, "utf8")).toBe(text);
    expect(statSync(path).mode & 0o777).toBe(mode);
  }
});

test("a remote registry's login is in the kubelet's file alone, for that registry alone", () => {
  const login = { kind: "password", username: "user", password: "canary-4711" } as const;
  const files = remoteRegistryFiles({ host: "reg.example:5000", plainHttp: false, ca: "PEM" }, login);
  expect(files.map(({ path }) => path)).toEqual([
    "/etc/containerd/certs.d/reg.example:5000/ca.crt",
    "/etc/containerd/certs.d/reg.example:5000/hosts.toml",
    "/var/lib/kubelet/config.json",
  ]);
  const auth = Buffer.from("user:canary-4711").toString("base64");
  expect(files.filter(({ text }) => text.includes(auth))).toHaveLength(1);
  expect(JSON.parse(files[2]?.text ?? "")).toEqual({ auths: { "reg.example:5000": { auth } } });
  expect(remoteRegistryFiles({ host: "ghcr.io", plainHttp: false, ca: undefined }, undefined)).toEqual([]);
});

test("the ConfigMap has all four fields of KEP-1755", () => {
  const { metadata, data } = localRegistryHosting(registry) as {
    metadata: object;
    data: Record<string, string>;
  };
  expect(metadata).toEqual({ name: "local-registry-hosting", namespace: "kube-public" });
  expect(parse(data["localRegistryHosting.v1"] ?? "")).toEqual({
    host: "localhost:5001",
    hostFromContainerRuntime: "kind-registry:5000",
    hostFromClusterNetwork: "kind-registry:5000",
    help: expect.stringMatching(/^https:/) as string,
  });
});

test("BuildKit speaks http to both names", () => {
  expect(buildkitdConfig(registry)).toMatch(/\[registry\."localhost:5001"\]\n {2}http = true/);
  expect(buildkitdConfig(registry)).toMatch(/\[registry\."kind-registry:5000"\]\n {2}http = true/);
});

test.each([
  [{}, undefined],
  [{ HTTPS_PROXY: "http://p:1" }, "kind-registry"],
  [{ https_proxy: "http://p:1", no_proxy: "a,b" }, "a,b,kind-registry"],
  [{ HTTP_PROXY: "" }, undefined],
])("with %j the nodes' NO_PROXY is %s", (env, value) => {
  expect(withoutProxyFor(env, "kind-registry")["NO_PROXY"]).toBe(value);
});

test("a registry that is on the network already is fine; another refusal is not", async () => {
  const saying = (stderr: string) => fakeDocker([[/network connect/, { code: 1, stderr }]]).docker;
  await joinNetwork(
    saying("endpoint with name kind-registry already exists in network kind"),
    "kind-registry",
  );
  await expect(joinNetwork(saying("network kind not found"), "kind-registry")).rejects.toThrow(
    "network kind not found",
  );
});

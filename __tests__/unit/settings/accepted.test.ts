import { describe, expect, it } from "vitest";
import { inputDefaults } from "../../../src/settings/action-inputs.generated.ts";
import { parseSettings } from "../../../src/settings/parse-settings.ts";
import type { Settings } from "../../../src/settings/settings.ts";

type Raw = Record<string, string>;

const defaults: Settings = {
  strategy: "auto",
  clusterName: "kind",
  kubernetesVersion: undefined,
  nodeImage: undefined,
  kindVersion: "v0.33.0",
  kubectlVersion: undefined,
  config: undefined,
  downloadMirror: undefined,
  cache: "none",
  wait: 120_000,
  kubeconfig: undefined,
  exportEnv: true,
  registry: {
    name: "kind-registry",
    nameGiven: false,
    port: undefined,
    image: "registry:3",
    imageGiven: false,
  },
  cleanup: true,
  durable: false,
  token: undefined,
  endpoint: undefined,
  remoteRegistry: undefined,
};
const localRegistry = defaults.registry;
const remoteDefaults = {
  prefix: { host: "ghcr.io", path: "org/repo" },
  username: undefined,
  password: undefined,
  ca: undefined,
  plainHttp: false,
  onMissingCredentials: "local-for-forks",
  deleteImages: [],
};

describe("defaults", () => {
  it("are used where nothing is given", () => {
    expect(parseSettings({})).toStrictEqual(defaults);
  });

  it("are used where an empty value is given", () => {
    const empty = Object.fromEntries(Object.keys(inputDefaults).map((name) => [name, "  "]));
    expect(parseSettings(empty)).toStrictEqual(defaults);
  });

  it("given as if by the user, as the runner does, count as not given", () => {
    const token = "ghs_1";
    expect(parseSettings({ ...inputDefaults, token })).toStrictEqual({ ...defaults, token });
  });
});

const digest = `sha256:${"a".repeat(64)}`;

const accepted: readonly [Raw, Record<string, unknown>][] = [
  [{ strategy: "vm-local" }, { strategy: "vm-local" }],
  [{ strategy: "remote-docker" }, { strategy: "remote-docker" }],
  [
    { "cluster-name": "a.b-c" },
    { clusterName: "a.b-c", registry: { ...localRegistry, name: "a.b-c-registry" } },
  ],
  [
    { "cluster-name": "a".repeat(41) },
    { clusterName: "a".repeat(41), registry: { ...localRegistry, name: `${"a".repeat(41)}-registry` } },
  ],
  [{ "kubernetes-version": "latest" }, { kubernetesVersion: { kind: "latest" } }],
  [{ "kubernetes-version": "1.34" }, { kubernetesVersion: { kind: "minor", minor: "1.34" } }],
  [{ "kubernetes-version": "v1.30" }, { kubernetesVersion: { kind: "minor", minor: "1.30" } }],
  [{ "kubernetes-version": "1.34.4" }, { kubernetesVersion: { kind: "exact", version: "1.34.4" } }],
  [{ "kubernetes-version": "v1.34.4" }, { kubernetesVersion: { kind: "exact", version: "1.34.4" } }],
  [{ "node-image": "kindest/node:v1.34.0" }, { nodeImage: "kindest/node:v1.34.0" }],
  [{ "node-image": `localhost:5000/a/node@${digest}` }, { nodeImage: `localhost:5000/a/node@${digest}` }],
  [{ "node-image": `kindest/node:v1@${digest}` }, { nodeImage: `kindest/node:v1@${digest}` }],
  [{ "kind-version": "0.32.0" }, { kindVersion: "v0.32.0" }],
  [{ "kind-version": "v0.32.0" }, { kindVersion: "v0.32.0" }],
  [{ "kubectl-version": "1.34.4" }, { kubectlVersion: "v1.34.4" }],
  [{ config: "ci/kind.yaml" }, { config: { kind: "file", path: "ci/kind.yaml" } }],
  [{ config: "kind: Cluster" }, { config: { kind: "inline", text: "kind: Cluster" } }],
  [{ config: '{"kind":"Cluster"}' }, { config: { kind: "inline", text: '{"kind":"Cluster"}' } }],
  [{ config: "kind:\n  Cluster" }, { config: { kind: "inline", text: "kind:\n  Cluster" } }],
  [{ "download-mirror": "http://127.0.0.1:8080/m//" }, { downloadMirror: "http://127.0.0.1:8080/m" }],
  [{ cache: "false" }, { cache: "none" }],
  [{ cache: "tools" }, { cache: "tools" }],
  [{ cache: "all" }, { cache: "all" }],
  [{ wait: "0" }, { wait: 0 }],
  [{ wait: "0s" }, { wait: 0 }],
  [{ wait: "90s" }, { wait: 90_000 }],
  [{ wait: "2m" }, { wait: 120_000 }],
  [{ wait: "1m30s" }, { wait: 90_000 }],
  [{ wait: "1h" }, { wait: 3_600_000 }],
  [{ wait: "24h" }, { wait: 86_400_000 }],
  [{ kubeconfig: "/tmp/my config" }, { kubeconfig: "/tmp/my config" }],
  [{ "export-env": "False" }, { exportEnv: false }],
  [{ cleanup: "FALSE" }, { cleanup: false }],
  [{ durable: "True" }, { durable: true }],
  [{ registry: "false" }, { registry: false }],
  [{ registry: "FALSE", "registry-image": "registry:3" }, { registry: false }],
  [
    { "cluster-name": "ci", "registry-name": "shared" },
    { clusterName: "ci", registry: { ...localRegistry, name: "shared", nameGiven: true } },
  ],
  [{ "registry-port": "5001" }, { registry: { ...localRegistry, port: 5001 } }],
  [{ "registry-port": "65535" }, { registry: { ...localRegistry, port: 65535 } }],
  [
    { "registry-image": "ghcr.io/x/registry:2" },
    { registry: { ...localRegistry, image: "ghcr.io/x/registry:2", imageGiven: true } },
  ],
  [{ token: "ghs_x" }, { token: "ghs_x" }],
  [
    { "docker-host": "unix:///run/docker.sock" },
    { endpoint: { kind: "host", host: "unix:///run/docker.sock" } },
  ],
  [{ "docker-host": "ssh://ci@build" }, { endpoint: { kind: "host", host: "ssh://ci@build" } }],
  [{ "docker-host": "tcp://[::1]:2375" }, { endpoint: { kind: "host", host: "tcp://[::1]:2375" } }],
  [{ "docker-host": "docker:2376" }, { endpoint: { kind: "host", host: "tcp://docker:2376" } }],
  [{ "docker-context": "far_away" }, { endpoint: { kind: "context", context: "far_away" } }],
  [{ "remote-registry": "ghcr.io/org/repo" }, { remoteRegistry: remoteDefaults }],
  [
    { "remote-registry": "ghcr.io/org/repo", strategy: "remote-registry" },
    { strategy: "remote-registry", remoteRegistry: remoteDefaults },
  ],
  [
    { "remote-registry": "localhost:5001" },
    { remoteRegistry: { ...remoteDefaults, prefix: { host: "localhost:5001", path: "" } } },
  ],
  [
    { "remote-registry": "docker.io/org" },
    { remoteRegistry: { ...remoteDefaults, prefix: { host: "docker.io", path: "org" } } },
  ],
  [
    {
      "remote-registry": "ghcr.io/org/repo",
      "remote-registry-username": "me",
      "remote-registry-password": "pw",
      "remote-registry-ca": "ci/ca.pem",
      "on-missing-credentials": "fail",
      "delete-images": " app\n\nteam/web \napp\n",
    },
    {
      remoteRegistry: {
        ...remoteDefaults,
        username: "me",
        password: "pw",
        ca: "ci/ca.pem",
        onMissingCredentials: "fail",
        deleteImages: ["app", "team/web"],
      },
    },
  ],
  [
    { "remote-registry": "ghcr.io/org/repo", "remote-registry-plain-http": "true", "delete-images": "*" },
    { remoteRegistry: { ...remoteDefaults, plainHttp: true, deleteImages: ["*"] } },
  ],
  // What the pull request of a fork has: the user name from the workflow, and no secrets.
  [
    { "remote-registry": "ghcr.io/org/repo", "remote-registry-username": "me" },
    { remoteRegistry: { ...remoteDefaults, username: "me" } },
  ],
];

describe("accepted", () => {
  it.each(accepted)("%j", (raw, settings) => {
    expect(parseSettings(raw)).toStrictEqual({ ...defaults, ...settings });
  });
});

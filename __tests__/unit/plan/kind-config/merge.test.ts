import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { mergeKindConfig, type OurNeeds } from "../../../../src/plan/kind-config/merge.ts";
import { UsageError } from "../../../../src/support/errors.ts";

const needs: OurNeeds = {
  clusterName: "ci",
  kubernetesVersion: "1.34.4",
  durable: false,
  apiServerPort: "kind-chooses",
  writtenOnNodes: ["/etc/containerd/certs.d"],
  cgroupV1: false,
};

const head = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n";

interface Merged {
  readonly networking?: Record<string, unknown>;
  readonly nodes?: unknown[];
  readonly kubeadmConfigPatches: string[];
  readonly containerdConfigPatches: string[];
}

function merged(text: string | undefined, more: Partial<OurNeeds> = {}): Merged {
  const user = text === undefined ? undefined : { source: "kind.yaml", text: head + text };
  return parse(mergeKindConfig(user, { ...needs, ...more }).yaml) as Merged;
}

function refusal(text: string, more: Partial<OurNeeds> = {}): string {
  try {
    mergeKindConfig({ source: "kind.yaml", text }, { ...needs, ...more });
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}

/** What all kubeadm patches come to, ours and the user's. */
const patchText = (config: Merged) => config.kubeadmConfigPatches.join("\n");

describe("without a configuration of the user's", () => {
  test("one control plane, hosts files on, and what makes it come up sooner", () => {
    const { yaml, nodes, notes } = mergeKindConfig(undefined, needs);
    expect(nodes).toEqual([{ name: "ci-control-plane", role: "control-plane" }]);
    expect(yaml).toContain('config_path = "/etc/containerd/certs.d"');
    for (const word of ["unsafe-no-fsync", "kube-api-qps", "leader-elect", "skipPhases", "PublicKeysECDSA"])
      expect(yaml).toContain(word);
    expect(notes.join()).toContain("ES256");
  });

  test("durable: nothing of that", () => {
    expect(merged(undefined, { durable: true }).kubeadmConfigPatches).toEqual([]);
  });

  test("a version that only the node knows, or one that is too old: nothing that depends on it", () => {
    expect(merged(undefined, { kubernetesVersion: undefined, cgroupV1: true }).kubeadmConfigPatches).toEqual(
      [],
    );
    expect(merged(undefined, { kubernetesVersion: "1.25.16" }).kubeadmConfigPatches).toEqual([]);
  });

  test.each([
    ["1.34.4", true, false],
    ["1.35.0", true, true],
    ["1.36.3", true, true],
    ["1.36.3", false, false],
  ])("%s on cgroup v1 (%s): failCgroupV1 is set: %s", (kubernetesVersion, cgroupV1, set) => {
    expect(
      patchText(merged(undefined, { kubernetesVersion, cgroupV1 })).includes("failCgroupV1: false"),
    ).toBe(set);
  });

  test("the key algorithm is a feature gate before 1.36 and a field from then on", () => {
    expect(patchText(merged(undefined, { kubernetesVersion: "1.36.0" }))).toContain(
      "encryptionAlgorithm: ECDSA-P256",
    );
    expect(patchText(merged(undefined, { kubernetesVersion: "1.35.4" }))).toContain("PublicKeysECDSA: true");
  });

  test("a daemon that is elsewhere chooses the API server's port", () => {
    expect(merged(undefined, { apiServerPort: "daemon-chooses" }).networking).toEqual({ apiServerPort: -1 });
    expect(
      merged("networking: { apiServerPort: 6443 }\n", { apiServerPort: "daemon-chooses" }).networking,
    ).toEqual({
      apiServerPort: 6443,
    });
  });
});

describe("with the user's", () => {
  test("their patches come after ours, so that theirs win", () => {
    const config = merged(
      "kubeadmConfigPatches: ['kind: ClusterConfiguration']\ncontainerdConfigPatches: ['a = 1']\n",
    );
    expect(config.kubeadmConfigPatches.at(-1)).toBe("kind: ClusterConfiguration");
    expect(config.containerdConfigPatches.at(-1)).toBe("a = 1");
    expect(config.containerdConfigPatches.length).toBeGreaterThan(1);
  });

  test.each([
    ["unsafe-no-fsync"],
    ["kube-api-qps"],
    ["leader-elect"],
    ["skipPhases"],
    ["election-timeout"],
    ["encryptionAlgorithm"],
  ])("what they say of %s is theirs alone", (word) => {
    const config = merged(`kubeadmConfigPatches: ['x: { "${word}": mine }']\n`);
    expect(patchText(config).split(word)).toHaveLength(2);
  });

  test("several control planes: no setting for a lone one", () => {
    const text =
      "nodes: [{ role: control-plane }, { role: control-plane }, { role: worker }, {role: worker}]\n";
    expect(merged(text).kubeadmConfigPatches).toEqual([]);
    const { nodes } = mergeKindConfig({ source: "x", text: head + text }, needs);
    expect(nodes.map(({ name }) => name)).toEqual([
      "ci-control-plane",
      "ci-control-plane2",
      "ci-worker",
      "ci-worker2",
    ]);
  });

  test("without kube-proxy its phase is skipped too", () => {
    expect(patchText(merged("networking: { kubeProxyMode: none }\n"))).toContain("addon/kube-proxy");
  });

  test("disableDefaultCNI is passed on to who waits", () => {
    const text = `${head}networking: { disableDefaultCNI: true }\n`;
    expect(mergeKindConfig({ source: "x", text }, needs).defaultCniDisabled).toBe(true);
  });

  test("merge keys mean what they mean to kind", () => {
    const text =
      "nodes:\n  - &common { role: control-plane, image: own/node }\n  - { <<: *common, role: worker }\n";
    expect(merged(text).nodes).toEqual([
      { role: "control-plane", image: "own/node" },
      { role: "worker", image: "own/node" },
    ]);
  });

  test("a label that is plain true or 1 is the text that kind takes it for", () => {
    const text = "nodes: [{ role: control-plane, labels: { ingress-ready: true, zone: 1 } }]\n";
    expect(merged(text).nodes).toMatchObject([{ labels: { "ingress-ready": "true", zone: "1" } }]);
  });

  test("nothing of theirs is lost, whatever it is", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);
    const node = fc.record(
      {
        role: fc.constantFrom("control-plane", "worker"),
        image: name,
        labels: fc.dictionary(name, name, { maxKeys: 3 }),
        extraMounts: fc.array(fc.record({ hostPath: name, containerPath: name, readOnly: fc.boolean() }), {
          maxLength: 2,
        }),
        extraPortMappings: fc.array(fc.record({ containerPort: fc.nat(65535), hostPort: fc.nat(65535) }), {
          maxLength: 2,
        }),
        kubeadmConfigPatches: fc.array(fc.string(), { maxLength: 2 }),
      },
      { requiredKeys: [] },
    );
    const config = fc.record(
      {
        nodes: fc.array(node, { maxLength: 3 }).map((nodes) => [{ role: "control-plane" }, ...nodes]),
        networking: fc.record({
          ipFamily: fc.constantFrom("ipv4", "dual"),
          podSubnet: name,
          dnsSearch: fc.array(name),
        }),
        featureGates: fc.dictionary(name, fc.boolean(), { maxKeys: 3 }),
        runtimeConfig: fc.dictionary(name, name, { maxKeys: 3 }),
        kubeadmConfigPatches: fc.array(fc.string(), { maxLength: 2 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(config, (theirs) => {
        const text = JSON.stringify({ kind: "Cluster", apiVersion: "kind.x-k8s.io/v1alpha4", ...theirs });
        const result = parse(mergeKindConfig({ source: "x", text }, needs).yaml) as Record<string, unknown>;
        const { kubeadmConfigPatches: patches = [], ...others } = theirs;
        expect(result).toMatchObject(others);
        expect((result["kubeadmConfigPatches"] as string[]).slice(-patches.length || undefined)).toEqual(
          expect.arrayContaining(patches),
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe("refused", () => {
  test.each([
    [
      "an unknown field",
      `${head}nodes:\n  - role: worker\n    lables: {}\n`,
      /nodes\[0\]\.lables \(line 5, column 5\).*labels/,
    ],
    ["an unknown field at the top", `${head}nods: []\n`, /nods \(line 3, column 1\).*nodes/],
    [
      "a wrong type",
      `${head}networking:\n  disableDefaultCNI: maybe\n`,
      /networking\.disableDefaultCNI is "maybe" \(line 4/,
    ],
    ["no YAML", "a: [", /well-formed YAML/],
    ["nothing", "", /a kind configuration/],
    ["two documents", `${head}---\n${head}`, /2 YAML documents/],
    ["another kind", "kind: Pod\napiVersion: v1\n", /kind/],
    ["another name", `${head}name: theirs\n`, /name: theirs.*cluster-name/],
    [
      "an API server beyond loopback",
      `${head}networking: { apiServerAddress: 0.0.0.0 }\n`,
      /0\.0\.0\.0.*loopback/,
    ],
    ["no control plane", `${head}nodes: [{ role: worker }]\n`, /without a control plane/],
    [
      "mirrors of containerd's old way",
      `${head}containerdConfigPatches: ['[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]']\n`,
      /containerdConfigPatches\[0\] sets registry\.mirrors.*certs\.d/,
    ],
    [
      "another config_path",
      `${head}containerdConfigPatches: ['[plugins."io.containerd.cri.v1.images".registry]\n\n  config_path = "/elsewhere"']\n`,
      /config_path to "\/elsewhere"/,
    ],
    ["an alias that means nothing", `${head}nodes: *theirs\n`, /theirs.*well-formed YAML/i],
    [
      "a JSON patch that is none",
      `${head}containerdConfigPatchesJSON6902: ['{']\n`,
      /JSON6902\[0\].*JSON list/,
    ],
    ["a patch that is no TOML", `${head}containerdConfigPatches: ['= =']\n`, /well-formed TOML/],
  ])("%s", (_, text, words) => {
    expect(refusal(text)).toMatch(words);
  });

  const registry = "/plugins/io.containerd.cri.v1.images/registry";
  test.each([
    ["takes config_path away", { op: "remove", path: `${registry}/config_path` }, true],
    ["takes the registry's settings away", { op: "remove", path: registry }, true],
    ["moves them", { op: "move", path: registry, from: "/x" }, true],
    [
      "sets another config_path",
      { op: "replace", path: `${registry}/config_path`, value: "/elsewhere" },
      true,
    ],
    ["adds mirrors", { op: "add", path: `${registry}/mirrors/docker.io`, value: {} }, true],
    [
      "replaces all of the plugin",
      { op: "replace", path: "/plugins/io.containerd.cri.v1.images", value: {} },
      true,
    ],
    ["replaces the registry's settings by none", { op: "replace", path: registry, value: {} }, true],
    [
      "adds a folder to config_path",
      { op: "replace", path: `${registry}/config_path`, value: "/mine:/etc/containerd/certs.d" },
      false,
    ],
    ["adds headers", { op: "add", path: `${registry}/headers`, value: {} }, false],
    ["only looks", { op: "test", path: `${registry}/config_path`, value: "x" }, false],
    [
      "is about something else",
      { op: "add", path: "/plugins/io.containerd.cri.v1.runtime/x", value: 1 },
      false,
    ],
  ])("a JSON patch that %s: %j, %s", (_, operation, refused) => {
    const text = `${head}containerdConfigPatchesJSON6902: ['${JSON.stringify([operation])}']\n`;
    if (refused) expect(refusal(text)).toMatch(/JSON6902\[0\].*registry.*certs\.d/);
    else expect(() => merged(text.slice(head.length))).not.toThrow();
  });

  test("several control planes on a daemon that is elsewhere", () => {
    const text = `${head}nodes: [{ role: control-plane }, { role: control-plane }]\n`;
    expect(refusal(text, { apiServerPort: "daemon-chooses" })).toMatch(/2 control planes/);
  });

  test.each([
    ["/etc/containerd/certs.d", true],
    ["/etc/containerd", true],
    ["/etc/containerd/certs.d/registry.example/", true],
    ["/etc/containerd/certs.d2", false],
    ["/data", false],
  ])("a mount on %s, below or above what is written on nodes: %s", (path, refused) => {
    const text = `${head}nodes: [{ role: control-plane, extraMounts: [{ hostPath: /x, containerPath: ${path} }] }]\n`;
    if (refused) expect(refusal(text)).toMatch(/extraMounts.*certs\.d on each node/);
    else expect(() => merged(text.slice(head.length))).not.toThrow();
    expect(() => merged(text.slice(head.length), { writtenOnNodes: [] })).not.toThrow();
  });

  test("all problems at once", () => {
    expect(refusal(`${head}name: theirs\nnetworking: { apiServerAddress: 1.2.3.4 }\n`)).toMatch(
      /theirs[\s\S]*1\.2\.3\.4/,
    );
  });
});

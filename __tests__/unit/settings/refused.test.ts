import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inputDefaults } from "../../../src/settings/action-inputs.generated.ts";
import { parseSettings } from "../../../src/settings/parse-settings.ts";
import { problemsIn } from "./problems-in.ts";

type Raw = Record<string, string>;

function problemsOf(raw: Raw) {
  return problemsIn(() => parseSettings(raw));
}

/** Allowed: what the message must hold. */
const refused: readonly [Raw, input: string, given: string, allowed: string][] = [
  [{ strategy: "local" }, "strategy", "“local”", "auto, vm-local, remote-docker or remote-registry"],
  [
    { "cluster-name": "a".repeat(42) },
    "cluster-name",
    `“${"a".repeat(42)}”`,
    "at most 41 characters (this has 42)",
  ],
  [{ "cluster-name": "CI" }, "cluster-name", "“CI”", "lower-case letters and digits"],
  [{ "cluster-name": "-ci" }, "cluster-name", "“-ci”", "not at the start or end"],
  [{ "cluster-name": "ci." }, "cluster-name", "“ci.”", "not at the start or end"],
  [{ "cluster-name": "a..b" }, "cluster-name", "“a..b”", 'single "."'],
  [{ "kubernetes-version": "1.3" }, "kubernetes-version", "“1.3”", "quote it: YAML reads 1.30 as 1.3"],
  [{ "kubernetes-version": "1.4" }, "kubernetes-version", "“1.4”", "quote it: YAML reads 1.40 as 1.4"],
  [{ "kubernetes-version": "1" }, "kubernetes-version", "“1”", "1.34, v1.34.4 or latest"],
  [{ "kubernetes-version": "1.034" }, "kubernetes-version", "“1.034”", "1.34, v1.34.4 or latest"],
  [{ "kubernetes-version": "stable" }, "kubernetes-version", "“stable”", "1.34, v1.34.4 or latest"],
  [{ "node-image": "kindest/Node" }, "node-image", "“kindest/Node”", "an image reference"],
  [{ "node-image": "a b" }, "node-image", "“a b”", "an image reference"],
  [{ "node-image": "https://x/node" }, "node-image", "“https://x/node”", "an image reference"],
  [{ "node-image": "node@sha256:12" }, "node-image", "“node@sha256:12”", "an image reference"],
  [{ "registry-image": "-registry" }, "registry-image", "“-registry”", "an image reference"],
  [{ "kind-version": "0.32" }, "kind-version", "“0.32”", "a full version, like 0.33.0 or v0.33.0"],
  [{ "kind-version": "latest" }, "kind-version", "“latest”", "a full version"],
  [{ "kubectl-version": "1.34" }, "kubectl-version", "“1.34”", "a full version, like 1.34.4 or v1.34.4"],
  [{ config: "~/kind.yaml" }, "config", "“~/kind.yaml”", "~ stands for nothing here"],
  [{ "download-mirror": "mirror.lan" }, "download-mirror", "“mirror.lan”", "an http or https URL"],
  [{ "download-mirror": "ftp://m/x" }, "download-mirror", "“ftp://m/x”", "an http or https URL"],
  [{ "download-mirror": "https://m/?a=b" }, "download-mirror", "“https://m/?a=b”", "without ? and #"],
  [
    { "download-mirror": "https://me:s3cret@m/x" },
    "download-mirror",
    "“(hidden)@m/x”",
    "a URL without credentials in it",
  ],
  [{ cache: "true" }, "cache", "“true”", "false, tools or all; instead of true, say what to keep"],
  [{ cache: "yes" }, "cache", "“yes”", "false, tools or all"],
  [{ wait: "60" }, "wait", "“60”", "60s for 60 seconds"],
  [{ wait: "2 m" }, "wait", "“2 m”", "90s, 2m, 1m30s or 0"],
  [{ wait: "-1s" }, "wait", "“-1s”", "90s, 2m, 1m30s or 0"],
  [{ wait: "30s1m" }, "wait", "“30s1m”", "90s, 2m, 1m30s or 0"],
  [{ wait: "1.5m" }, "wait", "“1.5m”", "90s, 2m, 1m30s or 0"],
  [{ wait: "25h" }, "wait", "“25h”", "at most 24h"],
  [{ kubeconfig: "apiVersion: v1\nkind: Config" }, "kubeconfig", "(a text of 2 lines)", "the path of a file"],
  [{ kubeconfig: "~/.kube/config" }, "kubeconfig", "“~/.kube/config”", "~ stands for nothing here"],
  [{ cleanup: "yes" }, "cleanup", "“yes”", "true or false"],
  [{ durable: "1" }, "durable", "“1”", "true or false"],
  [{ "export-env": "tRUE" }, "export-env", "“tRUE”", "true or false"],
  [{ registry: "no" }, "registry", "“no”", "true or false"],
  [{ "registry-name": "My_Registry" }, "registry-name", "“My_Registry”", "it becomes a host name"],
  [{ "registry-name": "r" }, "registry-name", "“r”", "2 to 63"],
  [{ "registry-port": "0" }, "registry-port", "“0”", "a port from 1 to 65535"],
  [{ "registry-port": "65536" }, "registry-port", "“65536”", "a port from 1 to 65535"],
  [{ "registry-port": "5e3" }, "registry-port", "“5e3”", "a port from 1 to 65535"],
  [{ token: "two\nlines" }, "token", "(hidden)", "a token, on one line"],
  [{ "docker-host": "docker" }, "docker-host", "“docker”", "tcp with its port"],
  [{ "docker-host": "https://d:1" }, "docker-host", "“https://d:1”", "unix:///path, tcp://host:port"],
  [{ "docker-host": "unix://" }, "docker-host", "“unix://”", "unix:///path"],
  [{ "docker-host": "ssh://me:s3cret@d" }, "docker-host", "“(hidden)@d”", "never with a password"],
  [{ "docker-context": "a b" }, "docker-context", "“a b”", "docker context ls"],
  [{ "remote-registry": "https://ghcr.io/o" }, "remote-registry", "“https://ghcr.io/o”", "without a scheme"],
  [
    { "remote-registry": "ghcr.io/Org" },
    "remote-registry",
    "“ghcr.io/Org”",
    "lower-case letters only: ghcr.io/org",
  ],
  [
    { "remote-registry": "ghcr.io/org/" },
    "remote-registry",
    "“ghcr.io/org/”",
    "without the slash at its end",
  ],
  [{ "remote-registry": "ghcr.io/a//b" }, "remote-registry", "“ghcr.io/a//b”", "host[:port][/path]"],
  [{ "remote-registry": "ghcr.io/a:tag" }, "remote-registry", "“ghcr.io/a:tag”", "host[:port][/path]"],
  [{ "remote-registry": "org/repo" }, "remote-registry", "“org/repo”", "docker.io/org/repo"],
  [
    { "remote-registry": "docker.io" },
    "remote-registry",
    "“docker.io”",
    "a path for Docker Hub, like docker.io/org",
  ],
  [{ "remote-registry": "me:s3cret@r.io" }, "remote-registry", "“(hidden)@r.io”", "host[:port][/path]"],
  [
    { "remote-registry": "r.io", "remote-registry-username": "me:pw", "remote-registry-password": "x" },
    "remote-registry-username",
    "“me:pw”",
    "without colon",
  ],
  [
    { "remote-registry": "r.io", "remote-registry-ca": "-----BEGIN PRIVATE KEY-----\nx" },
    "remote-registry-ca",
    "(a text of 2 lines)",
    "no private key",
  ],
  [
    { "remote-registry": "r.io", "remote-registry-ca": "MIIB\nx" },
    "remote-registry-ca",
    "(a text of 2 lines)",
    "PEM text",
  ],
  [
    { "remote-registry": "r.io", "on-missing-credentials": "ignore" },
    "on-missing-credentials",
    "“ignore”",
    "local-for-forks, local or fail",
  ],
  [
    { "remote-registry": "r.io", "delete-images": "*\napp" },
    "delete-images",
    "(a text of 2 lines)",
    "* alone",
  ],
  [
    { "remote-registry": "r.io", "delete-images": "app\napp:tag" },
    "delete-images",
    "(a text of 2 lines)",
    "without host and tag, or * alone; “app:tag” is none",
  ],
  [
    { "remote-registry": "r.io/org", "delete-images": "r.io/org/app" },
    "delete-images",
    "“r.io/org/app”",
    "repositories under the prefix remote-registry: app",
  ],
  [
    { "kubernetes-version": "1.34", "node-image": "kindest/node" },
    "kubernetes-version and node-image",
    "“1.34” and “kindest/node”",
    "one of the two",
  ],
  [
    { "docker-host": "tcp://d:1", "docker-context": "far" },
    "docker-host and docker-context",
    "“tcp://d:1” and “far”",
    "one of the two",
  ],
  [
    { registry: "false", "registry-name": "shared" },
    "registry and registry-name",
    "“false” and “shared”",
    "registry: false means no registry at all",
  ],
  [
    { registry: "False", "registry-port": "5000" },
    "registry and registry-port",
    "“False” and “5000”",
    "one of the two",
  ],
  [
    { registry: "false", "registry-image": "registry:2" },
    "registry and registry-image",
    "“false” and “registry:2”",
    "one of the two",
  ],
  [
    { registry: "false", "remote-registry": "r.io" },
    "registry and remote-registry",
    "“false” and “r.io”",
    "one of the two",
  ],
  [
    { strategy: "vm-local", "remote-registry": "r.io" },
    "strategy and remote-registry",
    "“vm-local” and “r.io”",
    "auto or remote-registry",
  ],
  [{ strategy: "remote-registry" }, "strategy", "“remote-registry”", "needs the input remote-registry too"],
  [
    { "remote-registry-username": "me" },
    "remote-registry-username",
    "“me”",
    "only together with remote-registry, which is empty",
  ],
  [{ "remote-registry-password": "s3cret" }, "remote-registry-password", "(hidden)", "only together"],
  [{ "remote-registry-ca": "ca.pem" }, "remote-registry-ca", "“ca.pem”", "only together"],
  [{ "remote-registry-plain-http": "true" }, "remote-registry-plain-http", "“true”", "only together"],
  [{ "on-missing-credentials": "fail" }, "on-missing-credentials", "“fail”", "only together"],
  [{ "delete-images": "app" }, "delete-images", "“app”", "only together"],
  [
    { "remote-registry": "r.io", "remote-registry-ca": "ca.pem", "remote-registry-plain-http": "true" },
    "remote-registry-ca and remote-registry-plain-http",
    "“ca.pem” and “true”",
    "http has no TLS",
  ],
  [
    { "remote-registry": "r.io", "remote-registry-username": "me", strategy: "remote-registry" },
    "remote-registry-password",
    "nothing",
    "since remote-registry-username is given; or neither",
  ],
  [
    { "remote-registry": "r.io", "remote-registry-password": "s3cret", "on-missing-credentials": "fail" },
    "remote-registry-username",
    "nothing",
    "since remote-registry-password is given; or neither",
  ],
];

describe("refused", () => {
  it.each(refused)("%j", (raw, input, given, allowed) => {
    expect(problemsOf(raw)).toStrictEqual([
      {
        input,
        given,
        allowed: expect.stringContaining(allowed),
      },
    ]);
    expect(JSON.stringify(problemsOf(raw))).not.toContain("s3cret");
  });
});

it("collects all problems into one message", () => {
  const raw = { wait: "60", cleanup: "yes", "kubernetes-version": "1.3", "node-image": "kindest/node" };
  expect(problemsOf(raw).map(({ input }) => input)).toStrictEqual([
    "kubernetes-version",
    "wait",
    "cleanup",
    "kubernetes-version and node-image",
  ]);
  expect(() => parseSettings(raw)).toThrow(
    "4 inputs are wrong; nothing was touched.\n  kubernetes-version: given “1.3”",
  );
});

it("shows a long value cut, on one line", () => {
  expect(problemsOf({ strategy: "x".repeat(5000) })[0]?.given).toHaveLength(103);
  expect(problemsOf({ strategy: "a\n::error::b" })[0]?.given).toBe("(a text of 2 lines)");
});

describe("whatever is given", () => {
  const secret = "hunter2-hunter2";
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("true", "false", "1.34", "2m", "ghcr.io/org/repo", "remote-registry", "fail", "*", "app"),
    fc.constantFrom(...refused.flatMap(([raw]) => Object.values(raw))),
    fc.webUrl({ withQueryParameters: true }),
    fc.integer().map(String),
  );
  const rawInputs = fc.record(
    Object.fromEntries([...Object.keys(inputDefaults), "__proto__x"].map((name) => [name, hostile])),
    { requiredKeys: [] },
  );

  it("nothing but a UsageError is thrown, and never with a secret in it", () => {
    fc.assert(
      fc.property(rawInputs, fc.constantFrom("", "\n", "\0 x"), (raw, tail) => {
        const secrets = { "remote-registry-password": secret + tail, token: secret + tail };
        expect(JSON.stringify(problemsOf({ ...raw, ...secrets }))).not.toContain(secret);
      }),
      { numRuns: 500 },
    );
  });

  it("credentials in a URL are not shown", () => {
    const url = fc
      .tuple(fc.constantFrom("https://", "ssh://", "tcp://", ""), fc.constantFrom("h", "h/p", "h:1/p/@x"))
      .map(([scheme, rest]) => `${scheme}me:${secret}@${rest}`);
    const name = fc.constantFrom("download-mirror", "docker-host", "remote-registry", "node-image", "wait");
    fc.assert(
      fc.property(name, url, (input, text) => {
        const problems = problemsOf({ [input]: text });
        expect(problems).toHaveLength(1);
        expect(JSON.stringify(problems)).not.toContain(secret);
      }),
    );
  });

  it("what is accepted as a duration is a whole number of seconds within a day", () => {
    fc.assert(
      fc.property(fc.nat(99), fc.nat(99), fc.nat(99), (h, m, s) => {
        const wanted = h * 3600 + m * 60 + s;
        const raw = { wait: `${h}h${m}m${s}s` };
        if (wanted > 86_400) expect(problemsOf(raw)).toHaveLength(1);
        else expect(parseSettings(raw).wait).toBe(wanted * 1000);
      }),
    );
  });
});

import { parse } from "smol-toml";
import { describe, expect, test } from "vitest";
import {
  buildkitToml,
  containerdFiles,
  daemonAdvice,
  kubeletLogins,
} from "../../../src/remote-registry/node-credentials.ts";

const login = (registry: string, username: string, password: string) => ({
  registry,
  credentials: { kind: "password" as const, username, password },
});

describe("the kubelet's logins", () => {
  test("are those given and no others, in plain auths, for root alone", () => {
    const file = kubeletLogins([login("ghcr.io", "user", "pä:ss"), login("docker.io", "hub", "x")]);
    expect(file).toMatchObject({ path: "/var/lib/kubelet/config.json", mode: 0o600 });
    expect(JSON.parse(file.text)).toEqual({
      auths: {
        "ghcr.io": { auth: Buffer.from("user:pä:ss").toString("base64") },
        "https://index.docker.io/v1/": { auth: Buffer.from("hub:x").toString("base64") },
      },
    });
  });

  test("none is a file without logins", () => {
    expect(JSON.parse(kubeletLogins([]).text)).toEqual({ auths: {} });
  });
});

const certs = "/etc/containerd/certs.d";
const ca = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

describe("containerd", () => {
  test("needs nothing for a public https registry", () => {
    expect(containerdFiles({ host: "ghcr.io", plainHttp: false, ca: undefined }, certs)).toEqual([]);
  });

  test("gets a private authority beside its hosts.toml", () => {
    const [certificate, hosts] = containerdFiles({ host: "reg.example:5000", plainHttp: false, ca }, certs);
    expect(certificate).toEqual({ path: `${certs}/reg.example:5000/ca.crt`, text: ca, mode: 0o644 });
    expect(hosts?.path).toBe(`${certs}/reg.example:5000/hosts.toml`);
    expect(parse(hosts?.text ?? "")).toEqual({
      server: "https://reg.example:5000",
      host: { "https://reg.example:5000": { capabilities: ["pull", "resolve"], ca: certificate?.path } },
    });
  });

  test("is told of plain http", () => {
    const files = containerdFiles({ host: "10.0.0.5:80", plainHttp: true, ca: undefined }, certs);
    expect(files).toHaveLength(1);
    expect(parse(files[0]?.text ?? "")).toEqual({
      server: "http://10.0.0.5:80",
      host: { "http://10.0.0.5:80": { capabilities: ["pull", "resolve"] } },
    });
  });
});

describe("BuildKit", () => {
  test.each<[string, boolean, string | undefined, object]>([
    ["plain http", true, undefined, { http: true }],
    ["a private authority", false, '/tmp/a "b"/ca.crt', { ca: ['/tmp/a "b"/ca.crt'] }],
    ["nothing", false, undefined, {}],
  ])("%s", (_what, plainHttp, path, expected) => {
    const text = buildkitToml({ host: "reg.example:5000", plainHttp, ca: path }, path);
    expect(parse(text)).toEqual({ registry: { "reg.example:5000": expected } });
  });
});

describe("what the Docker daemon would need", () => {
  test.each<[string, boolean, string | undefined, RegExp | undefined]>([
    ["ghcr.io", false, undefined, undefined],
    ["reg.example:5000", false, ca, /\/etc\/docker\/certs\.d\/reg\.example:5000\/ca\.crt/],
    ["10.0.0.5:5000", true, undefined, /"insecure-registries": \["10\.0\.0\.5:5000"\]/],
    ["localhost.example:5000", true, undefined, /insecure-registries/],
    ["localhost:5000", true, undefined, undefined],
    ["127.0.0.1:5000", true, undefined, undefined],
  ])("%s, plain http %s", (host, plainHttp, authority, words) => {
    const advice = daemonAdvice({ host, plainHttp, ca: authority });
    if (words === undefined) expect(advice).toBeUndefined();
    else expect(advice).toMatch(words);
  });
});

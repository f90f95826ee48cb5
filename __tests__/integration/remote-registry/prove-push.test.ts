import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Authority } from "./authority.ts";
import { freePort, type Major, type RunningRegistry, startRegistry } from "./real-registry.ts";
import { issuer, service, startTokenServer, type TokenServer } from "./token-server.ts";
import { type Access, catalog, login, prove } from "./use-of-registry.ts";

// The password of `user` in bcrypt, the only form that distribution reads.
const password = "correct-horse-battery";
const htpasswd = "user:$2b$04$evPzJP2YIsuUBoMmEm69z.ZgChVey2SdIwDcIJmwOoSnnU.JDvCXy\n";

let folder: string;
let authority: Authority;
const stops: (() => Promise<void>)[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "remote-registry-"));
  authority = new Authority(folder, "private authority");
  writeFileSync(join(folder, "htpasswd"), htpasswd);
});

afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()));
  rmSync(folder, { recursive: true });
});

function keep<T extends { stop(): Promise<void> }>(started: T): T {
  stops.push(started.stop);
  return started;
}

const certificate = (file: string) => authority.issue(file, ["IP:127.0.0.1", "DNS:localhost"]);

describe.each<Major>([2, 3])(
  "distribution %i with htpasswd over TLS, signed by a private authority",
  (major) => {
    let registry: RunningRegistry;
    let access: Access;
    beforeAll(async () => {
      const auth = { htpasswd: { realm: "test", path: join(folder, "htpasswd") } };
      const tls = certificate(`htpasswd-${major}`);
      registry = keep(await startRegistry(folder, { major, tls, deletion: false, auth }));
      access = { host: registry.host, ca: authority.pem };
    });

    test("the right password proves the push within a second, and leaves no repository and no open upload", async () => {
      const begun = performance.now();
      const proof = await prove({ ...access, credentials: login("user", password) });
      expect(proof).toEqual({
        kind: "proven",
        text: `pushing under ${registry.host}/team works, with the credentials from the test`,
      });
      expect(performance.now() - begun).toBeLessThan(1000);
      const left = execFileSync("find", [registry.storage, "-type", "f", "-size", "+1"], {
        encoding: "utf8",
      });
      expect(left).toBe("");
      const files = execFileSync("find", [registry.storage, "-type", "f"], { encoding: "utf8" })
        .trim()
        .split("\n");
      // Distribution writes the hash state of no bytes once more after it has cancelled (see prove-push.ts).
      expect(files).toEqual([
        expect.stringMatching(/kind-ci-probe\/_uploads\/[^/]+\/hashstates\/sha256\/0$/),
      ]);
      expect(await catalog({ ...access, credentials: login("user", password) })).toEqual([]);
    });

    test("a wrong password is refused as such", async () => {
      const proof = await prove({ ...access, credentials: login("user", "wrong") });
      expect(proof).toMatchObject({ kind: "refused", why: "wrong-password" });
      expect(proof).toMatchObject({ account: { seen: expect.stringContaining("401 (UNAUTHORIZED") } });
    });

    test("without credentials it says that the registry asks for them", async () => {
      const proof = await prove(access);
      expect(proof).toEqual({
        kind: "needs-credentials",
        text: `${registry.host} asks for a password, and no credentials were found: the test`,
      });
    });

    test.each<[string, (access: Access) => Access, string, string]>([
      ["no authority given", ({ host }) => ({ host }), "does not know", "remote-registry-ca"],
      [
        "another authority given",
        (a) => ({ ...a, ca: otherAuthority() }),
        "not signed by the authority",
        "authority that signed it",
      ],
      [
        "plain http declared",
        ({ host }) => ({ host, plainHttp: true }),
        "speaks https",
        "remote-registry-plain-http out",
      ],
      [
        "a name that the certificate lacks",
        (a) => ({ ...a, host: a.host.replace("127.0.0.1", "127.0.0.2") }),
        "127.0.0.2",
        "",
      ],
    ])("%s: unreachable, with what to do", async (_what, change, seen, todo) => {
      const proof = await prove({ ...change(access), credentials: login("user", password) });
      expect(proof).toMatchObject({
        kind: "unreachable",
        account: { seen: expect.stringContaining(seen), todo: expect.stringContaining(todo) },
      });
    });
  },
);

function otherAuthority(): string {
  return new Authority(mkdtempSync(join(folder, "other-")), "another authority").pem;
}

describe.each<Major>([2, 3])("distribution %i with token auth", (major) => {
  let registry: RunningRegistry;
  let tokens: TokenServer;
  beforeAll(async () => {
    tokens = keep(
      await startTokenServer(certificate(`token-${major}`), {
        pusher: { password, may: ["pull", "push"] },
        reader: { password, may: ["pull"] },
      }),
    );
    const auth = { token: { realm: tokens.realm, service, issuer, rootcertbundle: join(folder, "ca.crt") } };
    const tls = certificate(`with-token-${major}`);
    registry = keep(await startRegistry(folder, { major, tls, deletion: false, auth }));
  });

  const proveAs = (credentials: Access["credentials"]) =>
    prove({ host: registry.host, ca: authority.pem, ...(credentials === undefined ? {} : { credentials }) });

  test("who may push is proven, by a token for that repository alone", async () => {
    expect(await proveAs(login("pusher", password))).toMatchObject({ kind: "proven" });
    expect(tokens.scopes.at(-1)).toBe("repository:team/kind-ci-probe:pull,push");
  });

  test("who may only pull gets a token, and is refused all the same", async () => {
    const proof = await proveAs(login("reader", password));
    expect(proof).toMatchObject({ kind: "refused", why: "no-right-to-push" });
    expect(proof).toMatchObject({
      account: { seen: expect.stringContaining("token server took the login") },
    });
  });

  test("a wrong password is the token server's word", async () => {
    const proof = await proveAs(login("pusher", "wrong"));
    expect(proof).toMatchObject({ kind: "refused", why: "wrong-password" });
    expect(proof).toMatchObject({ account: { seen: expect.stringContaining("its token server 127.0.0.1") } });
  });

  test("without credentials it asks for them", async () => {
    expect(await proveAs(undefined)).toMatchObject({ kind: "needs-credentials" });
  });
});

describe("distribution 3 without auth", () => {
  let registry: RunningRegistry;
  beforeAll(async () => {
    registry = keep(await startRegistry(folder, { major: 3, deletion: false }));
  });

  test("plain http, declared: proven without credentials", async () => {
    const proof = await prove({ host: registry.host, plainHttp: true });
    expect(proof).toMatchObject({ kind: "proven", text: expect.stringContaining("no credentials at all") });
  });

  test("plain http, not declared: unreachable, naming the input", async () => {
    expect(await prove({ host: registry.host })).toMatchObject({
      kind: "unreachable",
      account: {
        seen: expect.stringContaining("does not speak TLS"),
        todo: expect.stringContaining("remote-registry-plain-http: true"),
      },
    });
  });

  test("with credentials that it does not want: proven all the same", async () => {
    const proof = await prove({ host: registry.host, plainHttp: true, credentials: login("user", "any") });
    expect(proof).toMatchObject({ kind: "proven" });
  });
});

describe("no registry at all", () => {
  test("nothing listens on the port", async () => {
    const host = `127.0.0.1:${await freePort()}`;
    expect(await prove({ host })).toMatchObject({
      kind: "unreachable",
      account: { seen: `nothing answers at ${host} (ECONNREFUSED)` },
    });
  });

  test("an unknown host", async () => {
    expect(await prove({ host: "registry.invalid" })).toMatchObject({
      kind: "unreachable",
      account: { seen: expect.stringContaining("there is no host registry.invalid") },
    });
  });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Authority } from "./authority.ts";
import { type Major, type RunningRegistry, startRegistry } from "./real-registry.ts";
import { issuer, service, startTokenServer, type TokenServer } from "./token-server.ts";
import { type Access, deleteTag, login, pusher } from "./use-of-registry.ts";

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

async function withPassword(major: Major, deletion: boolean): Promise<Access> {
  const auth = { htpasswd: { realm: "test", path: join(folder, "htpasswd") } };
  const tls = authority.issue(`deletion-${major}-${deletion}`, ["IP:127.0.0.1"]);
  const { host } = keep(await startRegistry(folder, { major, tls, deletion, auth }));
  return { host, ca: authority.pem, credentials: login("user", password) };
}

describe.each<Major>([2, 3])("distribution %i that deletes", (major) => {
  let access: Access;
  beforeAll(async () => {
    access = await withPassword(major, true);
  });

  test("this run's tag goes, another run's stays, and what is not there is said to be so", async () => {
    const push = pusher(access);
    await push.image("team/app", "run-1", "one");
    await push.image("team/app", "run-2", "two");
    await push.image("team/web", "run-2", "web");
    const reports = await deleteTag(access, "run-1", ["app", "web", "never-pushed"]);
    expect(reports.map(({ kind, text }) => [kind, text.replace(access.host, "HOST")])).toEqual([
      ["deleted", "HOST/team/app:run-1 deleted"],
      ["absent", "HOST/team/web:run-1 is not there"],
      ["absent", "HOST/team/never-pushed:run-1 is not there"],
    ]);
    expect(await push.status("team/app", "run-1")).toBe(404);
    expect(await push.status("team/app", "run-2")).toBe(200);
    expect(await push.status("team/web", "run-2")).toBe(200);
  });

  test("an image that main shares survives under main", async () => {
    const push = pusher(access);
    const digest = await push.image("team/shared", "main", "same");
    expect(await push.image("team/shared", "run-3", "same")).toBe(digest);
    const [report] = await deleteTag(access, "run-3", ["shared"]);
    expect(await push.status("team/shared", "main")).toBe(200);
    if (major === 3) expect(report?.kind).toBe("deleted");
    else {
      expect(report?.kind).toBe("kept");
      expect(report?.text).toContain(
        "team/shared:run-3 stays: main would go too, as the same image; use the registry's",
      );
    }
  });

  test("an image that an index under main names survives", async () => {
    const push = pusher(access);
    const digest = await push.image("team/joined", "run-4", "amd64");
    const size = await push.size("team/joined", "run-4");
    await push.index("team/joined", "main", [{ digest, size }]);
    const [report] = await deleteTag(access, "run-4", ["joined"]);
    expect(report?.kind).toBe(major === 3 ? "deleted" : "kept");
    expect(await push.status("team/joined", "main")).toBe(200);
    expect(await push.status("team/joined", digest)).toBe(200);
  });

  test("* means what the registry lists under the prefix, and nothing beside it", async () => {
    const push = pusher(access);
    for (const name of ["mine/a", "mine/b/c", "mine-too/a", "others"]) await push.image(name, "run-5", name);
    const reports = await deleteTag({ ...access, path: "mine" }, "run-5", "*");
    expect(reports.map(({ repository, kind }) => [repository.replace(`${access.host}/`, ""), kind])).toEqual([
      ["mine/a", "deleted"],
      ["mine/b/c", "deleted"],
    ]);
    expect(await push.status("mine-too/a", "run-5")).toBe(200);
    expect(await push.status("others", "run-5")).toBe(200);
  });

  test("two runs at once: each deletes only its own", async () => {
    const push = pusher(access);
    await push.image("team/both", "main", "main");
    for (const tag of ["run-6", "run-7", "run-8"]) await push.image("team/both", tag, tag);
    const reports = await Promise.all(["run-6", "run-7"].map((tag) => deleteTag(access, tag, ["both"])));
    expect(reports.flat().map(({ kind }) => kind)).toEqual(["deleted", "deleted"]);
    expect(await push.status("team/both", "run-8")).toBe(200);
    expect(await push.status("team/both", "main")).toBe(200);
  });

  test("a wrong password deletes nothing and says so", async () => {
    await pusher(access).image("team/app", "run-9", "nine");
    const [report] = await deleteTag({ ...access, credentials: login("user", "wrong") }, "run-9", ["app"]);
    expect(report).toMatchObject({
      kind: "failed",
      text: expect.stringContaining("was not deleted: the registry answers 401"),
    });
  });
});

describe.each<Major>([2, 3])("distribution %i that does not delete", (major) => {
  test("one line names what to use instead", async () => {
    const access = await withPassword(major, false);
    await pusher(access).image("team/app", "run-1", "one");
    const [report] = await deleteTag(access, "run-1", ["app"]);
    expect(report?.kind).toBe("kept");
    expect(report?.text).toMatch(
      /stays: the registry deletes nothing: it answers 405 \(UNSUPPORTED.*retention.*REGISTRY_STORAGE_DELETE_ENABLED/,
    );
    expect(await pusher(access).status("team/app", "run-1")).toBe(200);
  });
});

describe.each<Major>([2, 3])("distribution %i with token auth", (major) => {
  let registry: RunningRegistry;
  let tokens: TokenServer;
  beforeAll(async () => {
    tokens = keep(
      await startTokenServer(authority.issue(`token-${major}`, ["IP:127.0.0.1"]), {
        owner: { password, may: ["pull", "push", "delete"] },
        pusher: { password, may: ["pull", "push"] },
      }),
    );
    const auth = { token: { realm: tokens.realm, service, issuer, rootcertbundle: join(folder, "ca.crt") } };
    const tls = authority.issue(`with-token-${major}`, ["IP:127.0.0.1"]);
    registry = keep(await startRegistry(folder, { major, tls, deletion: true, auth }));
  });
  const as = (user: string): Access => ({
    host: registry.host,
    ca: authority.pem,
    credentials: login(user, password),
  });

  test("who may delete does, with a token for that alone", async () => {
    await pusher(as("pusher")).image("team/app", "run-1", "one");
    tokens.scopes.length = 0;
    expect((await deleteTag(as("owner"), "run-1", ["app"])).map(({ kind }) => kind)).toEqual(["deleted"]);
    expect(tokens.scopes).toEqual(["repository:team/app:pull,delete"]);
  });

  test("who may only push is told what is missing", async () => {
    await pusher(as("pusher")).image("team/app", "run-2", "two");
    const [report] = await deleteTag(as("pusher"), "run-2", ["app"]);
    expect(report).toMatchObject({
      kind: "failed",
      text: expect.stringContaining("needs the right to delete there"),
    });
  });

  test("* works where the catalog is allowed", async () => {
    await pusher(as("pusher")).image("team/app", "run-3", "three");
    expect(await deleteTag(as("owner"), "run-3", "*")).toMatchObject([{ kind: "deleted" }]);
  });
});

test("20 tags in 20 repositories of distribution 3 go in less than 2 s", async () => {
  const { host } = keep(await startRegistry(folder, { major: 3, deletion: true }));
  const access = { host, plainHttp: true };
  const names = Array.from({ length: 20 }, (_none, index) => `app-${index}`);
  const push = pusher(access);
  for (const name of names) await push.image(`team/${name}`, "run", name);
  const begun = performance.now();
  const reports = await deleteTag(access, "run", names);
  expect(performance.now() - begun).toBeLessThan(2000);
  expect(new Set(reports.map(({ kind }) => kind))).toEqual(new Set(["deleted"]));
});

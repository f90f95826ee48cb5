import { spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import {
  atLocalPort,
  beforeMerge,
  changeKubeconfig,
  hasContext,
  mergeContext,
  removeContext,
} from "../../../src/resources/kubeconfig.ts";
import { systemClock } from "../../../src/support/clock.ts";
import { asLockHolder, isOfDeadHolder } from "../../../src/support/lock-holder.ts";
import { identify } from "../../../src/support/process-identity.ts";

const single = (name: string) => `apiVersion: v1
kind: Config
clusters:
  - name: ${name}
    cluster: { server: https://127.0.0.1:1, certificate-authority-data: QQ== }
users:
  - name: ${name}
    user: { client-key-data: Qg== }
contexts:
  - name: ${name}
    context: { cluster: ${name}, user: ${name} }
current-context: ${name}
`;

test("the tunnel's end takes the server's place, and nothing else changes", () => {
  const { clusters, ...others } = parse(atLocalPort(single("kind-kind"), 32769));
  expect(clusters).toEqual([
    {
      name: "kind-kind",
      cluster: { server: "https://127.0.0.1:32769", "certificate-authority-data": "QQ==" },
    },
  ]);
  const { clusters: _before, ...untouched } = parse(single("kind-kind"));
  expect(others).toEqual(untouched);
});

describe("merging a context", () => {
  test("into nothing gives that cluster alone, and makes it the current one", () => {
    const merged = parse(mergeContext("", single("kind-a"), "kind-a"));
    expect(merged.contexts.map((context: { name: string }) => context.name)).toEqual(["kind-a"]);
    expect(merged["current-context"]).toBe("kind-a");
  });

  test("keeps what others have in the file, fields that we do not know included", () => {
    const theirs = `${single("theirs")}extensions: [{ name: x }]\n`;
    const merged = parse(mergeContext(theirs, single("kind-a"), "kind-a"));
    expect(merged.clusters.map((cluster: { name: string }) => cluster.name)).toEqual(["theirs", "kind-a"]);
    expect(merged.extensions).toEqual([{ name: "x" }]);
  });

  test("replaces what an earlier use put there under the same name", () => {
    const merged = parse(
      mergeContext(single("kind-a").replace("127.0.0.1:1", "127.0.0.1:2"), single("kind-a"), "kind-a"),
    );
    expect(merged.clusters).toHaveLength(1);
    expect(merged.clusters[0].cluster.server).toBe("https://127.0.0.1:1");
  });
});

describe("removing a context", () => {
  const before = { existed: true, current: "theirs" };
  const both = mergeContext(single("theirs"), single("kind-a"), "kind-a");

  test("leaves the file as it was before, to the letter", () => {
    const theirs = `# mine\n${single("theirs")}`;
    const merged = mergeContext(theirs, single("kind-a"), "kind-a");
    expect(parse(merged)["current-context"]).toBe("kind-a");
    expect(removeContext(merged, "kind-a", before)).toBe(theirs);
  });

  test("the context that was current before is so again, not the first", () => {
    const two = mergeContext(single("prod"), single("theirs"), "theirs");
    const merged = mergeContext(two, single("kind-a"), "kind-a");
    expect(parse(removeContext(merged, "kind-a", before) ?? "")["current-context"]).toBe("theirs");
  });

  test("where that one is gone meanwhile, none is current", () => {
    const gone = { existed: true, current: "gone" };
    expect(parse(removeContext(both, "kind-a", gone) ?? "")["current-context"]).toBe("");
  });

  test("one that was made the current one meanwhile stays so", () => {
    const changed = both.replace("current-context: kind-a", "current-context: theirs");
    expect(parse(removeContext(changed, "kind-a", before) ?? "")["current-context"]).toBe("theirs");
  });

  test("leaves a file alone that does not have it", () => {
    expect(removeContext(single("theirs"), "kind-a", before)).toBe(single("theirs"));
  });

  test("says that nothing is left when the file was not there before", () => {
    const merged = mergeContext("", single("kind-a"), "kind-a");
    expect(removeContext(merged, "kind-a", { existed: false, current: "" })).toBeUndefined();
  });

  test("keeps a file that was there with nothing in it", () => {
    const empty = "apiVersion: v1\nkind: Config\n";
    const merged = mergeContext(empty, single("kind-a"), "kind-a");
    expect(parse(removeContext(merged, "kind-a", { existed: true, current: "" }) ?? "")).toMatchObject({
      kind: "Config",
      contexts: [],
    });
  });

  test("keeps a user that another context names", () => {
    const shared = both.replace("user: theirs", "user: kind-a");
    const users = parse(removeContext(shared, "kind-a", before) ?? "").users.map(
      (user: { name: string }) => user.name,
    );
    expect(users).toEqual(["theirs", "kind-a"]);
  });
});

test("what a reader of YAML 1.1 takes for something else than a string is quoted", () => {
  const odd = JSON.stringify({ users: [{ name: "x", user: { username: "on", token: "1_000" } }] });
  expect(mergeContext("", odd, "x")).toMatch(/username: "on"\n\s+token: "1_000"/);
});

test("a context without a user is a context", () => {
  const theirs = JSON.stringify({ contexts: [{ name: "theirs", context: { cluster: "c" } }] });
  expect(hasContext(theirs, "theirs")).toBe(true);
});

test.each(["---\n", "null\n", "# nothing yet\n"])("a context comes into a file of %j", (text) => {
  const merged = mergeContext(text, single("kind-a"), "kind-a");
  expect(hasContext(merged, "kind-a")).toBe(true);
});

test("hasContext tells a context by its name", () => {
  expect([
    hasContext(single("kind-a"), "kind-a"),
    hasContext(single("kind-a"), "a"),
    hasContext("", "a"),
  ]).toEqual([true, false, false]);
});

test.each(["clusters", "users"])(
  "hasContext tells %s of that name too: merging would replace them",
  (list) => {
    expect(hasContext(JSON.stringify({ [list]: [{ name: "kind-a" }] }), "kind-a")).toBe(true);
  },
);

describe("changing the file", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "kubeconfig-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("makes it private, and leaves no lock", async () => {
    const file = join(folder, "deep", "config");
    await changeKubeconfig(file, () => single("a"), systemClock);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await expect(stat(`${file}.lock`)).rejects.toThrow("ENOENT");
  });

  test("what it was before tells a file that is not there from an empty one", async () => {
    const [none, empty, full] = ["none", "empty", "full"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(empty, "");
    await writeFile(full, single("a"));
    expect(await Promise.all([none, empty, full].map(beforeMerge))).toEqual([
      { existed: false, current: "" },
      { existed: true, current: "" },
      { existed: true, current: "a" },
    ]);
  });

  test("keeps the mode of a file that is there", async () => {
    const file = join(folder, "config");
    await writeFile(file, single("a"));
    await chmod(file, 0o640);
    await changeKubeconfig(file, (text) => mergeContext(text, single("b"), "b"), systemClock);
    expect((await stat(file)).mode & 0o777).toBe(0o640);
  });

  test("follows a link instead of replacing it", async () => {
    const target = join(folder, "target");
    await writeFile(target, single("a"));
    await symlink(target, join(folder, "link"));
    await changeKubeconfig(join(folder, "link"), (text) => mergeContext(text, single("b"), "b"), systemClock);
    expect(await readFile(target, "utf8")).toContain("name: b");
  });

  test("removes the file when nothing is left", async () => {
    const file = join(folder, "config");
    await writeFile(file, single("a"));
    await changeKubeconfig(file, () => undefined, systemClock);
    await expect(stat(file)).rejects.toThrow("ENOENT");
  });

  test("takes the lock of one of us that was killed while it held it, and of nobody else", async () => {
    const file = join(folder, "config");
    const dead = spawn(process.execPath, ["--eval", "setTimeout(() => {}, 60_000)"]);
    const identity = await identify(dead.pid ?? 0);
    const processes = await readlink("/proc/self/ns/pid");
    await writeFile(`${file}.lock`, JSON.stringify({ ...identity, processes }));
    const changing = changeKubeconfig(file, () => single("a"), systemClock);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await expect(stat(file)).rejects.toThrow("ENOENT");
    dead.kill("SIGKILL");
    await changing;
    expect(await readFile(file, "utf8")).toContain("name: a");
    await expect(stat(`${file}.lock`)).rejects.toThrow("ENOENT");
    const elsewhere = JSON.stringify({ ...identity, processes: "pid:[1]" });
    expect(await isOfDeadHolder(elsewhere)).toBe(false);
    expect(await isOfDeadHolder(await asLockHolder())).toBe(false);
  });

  test("gives up on a lock that stays, with what to do", async () => {
    const file = join(folder, "config");
    await writeFile(`${file}.lock`, "");
    let now = 0;
    const clock = {
      now: () => now,
      sleep: async (ms: number) => {
        now += ms;
      },
    };
    await expect(changeKubeconfig(file, () => "", clock)).rejects.toThrow(`rm ${file}.lock`);
  });
});

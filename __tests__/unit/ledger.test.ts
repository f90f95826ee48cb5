import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { Ledger, ledgerPath, readLedger, setStopMark } from "../../src/ledger.ts";
import { StoppedError } from "../../src/support/errors.ts";
import { newFolder } from "./new-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await newFolder("kind-ci", "abcdefabcdef");
});

const open = () =>
  Ledger.open(folder, {
    owner: "abcdefabcdef",
    cluster: "kind",
    dockerEnv: {},
    main: { pid: 1, startTime: "2" },
  });

const before = { existed: false, current: "" };

test("a resource has an intent on disk before the call returns, then its id", async () => {
  const ledger = await open();
  const intent = await ledger.intend({ resource: "registry", name: "kind-registry" });
  expect((await readLedger(ledger.path))?.entries).toEqual([{ resource: "registry", name: "kind-registry" }]);
  await intent.made("c0ffee");
  expect((await readLedger(ledger.path))?.entries).toEqual([
    { resource: "registry", name: "kind-registry", id: "c0ffee" },
  ]);
});

test("an intent that is withdrawn is gone, and no other is", async () => {
  const ledger = await open();
  const first = await ledger.intend({ resource: "context", name: "kind-a", file: "/x", before });
  const second = await ledger.intend({ resource: "context", name: "kind-b", file: "/x", before });
  await first.withdraw();
  await second.made("1");
  expect((await readLedger(ledger.path))?.entries).toMatchObject([{ name: "kind-b" }]);
  await second.withdraw();
  expect((await readLedger(ledger.path))?.entries).toEqual([]);
});

test("the ledger loses nothing of what is written at once", async () => {
  const ledger = await open();
  const names = Array.from({ length: 20 }, (_, at) => `context-${at}`);
  await Promise.all(names.map((name) => ledger.intend({ resource: "context", name, file: "/x", before })));
  const entries = (await readLedger(ledger.path))?.entries ?? [];
  expect(entries.map((entry) => ("name" in entry ? entry.name : ""))).toEqual(names);
});

test("the ledger refuses an intent once the stop mark is set", async () => {
  const ledger = await open();
  await setStopMark(folder);
  await expect(ledger.intend({ resource: "cluster", name: "kind" })).rejects.toBeInstanceOf(StoppedError);
  expect((await readLedger(ledger.path))?.entries).toEqual([]);
});

test("what it holds is for its owner alone", async () => {
  await rm(folder, { recursive: true });
  const ledger = await open();
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect((await stat(ledger.path)).mode & 0o777).toBe(0o600);
});

test("a write that failed is an error, and the next one is tried again with all that was to be written", async () => {
  const ledger = await open();
  // In the way of the file that is written first: not even root writes over a folder.
  const inTheWay = `${ledger.path}.new`;
  await mkdir(inTheWay);
  await expect(ledger.intend({ resource: "cluster", name: "kind" })).rejects.toThrow("EISDIR");
  await rm(inTheWay, { recursive: true });
  await ledger.child({ pid: 7, startTime: "8" });
  expect(await readLedger(ledger.path)).toMatchObject({
    entries: [{ resource: "cluster", name: "kind" }],
    children: [{ pid: 7, startTime: "8" }],
  });
});

test("a ledger that is not there is undefined; one that cannot be read is an error, and so is what is none", async () => {
  expect(await readLedger(join(folder, "none.json"))).toBeUndefined();
  const path = ledgerPath(folder);
  await writeFile(path, "{}");
  await expect(readLedger(path)).rejects.toThrow();
  await rm(path);
  await mkdir(path);
  await expect(readLedger(path)).rejects.toThrow("EISDIR");
  await writeFile(join(folder, "file"), "");
  await expect(readLedger(join(folder, "file", "ledger.json"))).rejects.toThrow("ENOTDIR");
});

test("a stop mark where the folder is gone is no failure", async () => {
  await rm(folder, { recursive: true });
  await expect(setStopMark(folder)).resolves.toBeUndefined();
});

test("a main that removes by itself makes nothing more, also when the folder is gone", async () => {
  const ledger = await open();
  ledger.stop();
  await rm(folder, { recursive: true });
  await expect(ledger.intend({ resource: "cluster", name: "kind" })).rejects.toBeInstanceOf(StoppedError);
});

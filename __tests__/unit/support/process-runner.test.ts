import { expect, test } from "vitest";
import { EnvironmentError, TimeoutError } from "../../../src/support/errors.ts";
import { identify, identifyByPs, lives } from "../../../src/support/process-identity.ts";
import { CommandError, systemProcessRunner } from "../../../src/support/process-runner.ts";
import { end, processesMarked } from "../../../src/support/processes.ts";

const runner = systemProcessRunner(process.env);
const sh = (script: string) => ["sh", "-c", script] as const;

test("an exit code is a result, and an error for who wants output", async () => {
  expect(await runner.run(sh("echo out; echo err >&2; exit 3"))).toMatchObject({
    code: 3,
    stdout: "out\n",
    stderr: "err\n",
  });
  const failure = runner.output(sh("echo it is broken >&2; exit 3"));
  await expect(failure).rejects.toBeInstanceOf(CommandError);
  await expect(failure).rejects.toThrow(/exit code 3: it is broken/);
});

test("a full disk has advice of its own", async () => {
  const failure = runner.output(sh("echo 'write /var/lib/docker/x: no space left on device' >&2; exit 1"));
  await expect(failure).rejects.toThrow(/no space left[\s\S]*docker system df/);
});

test("a program that is not there is named", async () => {
  const failure = runner.run(["no-such-program-here"]);
  await expect(failure).rejects.toBeInstanceOf(EnvironmentError);
  await expect(failure).rejects.toThrow("no-such-program-here");
});

test("input is given, lines come as they are said, the last one without a line end too", async () => {
  const lines: string[] = [];
  await runner.run(["cat"], { input: "one\ntwo", onStdoutLine: (line) => lines.push(line) });
  expect(lines).toEqual(["one", "two"]);
});

test("only the end of a long output is kept", async () => {
  const { stdout } = await runner.run(sh("yes x | head -c 100000; echo end"), { keep: 1000 });
  expect(stdout.length).toBeLessThan(1100);
  expect(stdout).toMatch(/end\n$/);
});

test("at the deadline the whole group ends", async () => {
  const env = { ...process.env, MARK_OF_TEST: "group" };
  const failure = runner.run(sh("sleep 600 & sleep 600"), { env, deadline: 200 });
  await expect(failure).rejects.toBeInstanceOf(TimeoutError);
  expect(await processesMarked("MARK_OF_TEST", "group")).toEqual([]);
});

test("a grandchild that left the group and holds the output open is not waited for", async () => {
  const said: string[] = [];
  const script = "setsid sh -c 'echo $$; exec sleep 60' & sleep 60";
  const failure = runner.run(sh(script), { deadline: 300, onStdoutLine: (line) => said.push(line) });
  await expect(failure).rejects.toBeInstanceOf(TimeoutError);
  const grandchild = await identify(Number(said[0]));
  expect(grandchild).toBeDefined();
  if (grandchild !== undefined) await end(grandchild);
});

test("ps tells one process from a later one of its number, where there is no /proc", async () => {
  const one = await identifyByPs(process.pid);
  expect(one).toMatchObject({ pid: process.pid, startTime: expect.stringMatching(/\d\d:\d\d:\d\d/) });
  expect(await identifyByPs(process.pid)).toEqual(one);
  expect(await identifyByPs(2 ** 22 + 1)).toBeUndefined();
});

test("a signal ends it with the signal's reason", async () => {
  const stop = new AbortController();
  const running = runner.run(sh("sleep 600"), { signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(running).rejects.toThrow("enough");
});

test("a marked process is found by its mark, and ended; a later one of that number is not", async () => {
  const env = { ...process.env, MARK_OF_TEST: "abc" };
  const running = runner.run(sh("exec sleep 600"), { env });
  let marked = await processesMarked("MARK_OF_TEST", "abc");
  while (marked.length === 0) marked = await processesMarked("MARK_OF_TEST", "abc");
  const [found] = marked;
  if (found === undefined) throw new Error("unreachable");
  await end({ ...found, startTime: "0" });
  expect(await lives(found)).toBe(true);
  await end(found);
  expect((await running).signal).toBe("SIGKILL");
  expect(await identify(found.pid)).toBeUndefined();
});

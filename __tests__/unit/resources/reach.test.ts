import { expect, test } from "vitest";
import { type Answer, askLocalhost } from "../../../src/resources/reach.ts";

/** Asks with answers in turn, the last one for ever, by a clock that passes only by sleeping. */
async function ask(answers: readonly Answer[], { listens = true, looksLocal = true } = {}) {
  let now = 0;
  let at = 0;
  const clock = {
    now: () => now,
    sleep: (ms: number) => {
      now += ms;
      return Promise.resolve();
    },
  };
  const reach = await askLocalhost(
    { port: 5000, owner: "me" },
    {
      clock,
      looksLocal,
      started: listens ? Promise.resolve() : new Promise(() => {}),
      ask: () => Promise.resolve(answers[Math.min(at++, answers.length - 1)] ?? { kind: "refused" }),
    },
  );
  return { reach, waited: now };
}

const refused: Answer = { kind: "refused" };
const notYet: Answer = { kind: "not-yet", seen: "socket hang up" };

test("the header of this run settles it, also after a while", async () => {
  expect((await ask([refused, notYet, { kind: "owner", owner: "me" }])).reach).toEqual({ ours: true });
});

test.each<[string, Answer, RegExp]>([
  ["another run's registry", { kind: "owner", owner: "other" }, /another run/],
  [
    "a stranger",
    { kind: "stranger", seen: "answers without this run's header (HTTP 200)" },
    /without this run's header/,
  ],
])("%s on that port is not ours, at once", async (_, answer, words) => {
  const { reach, waited } = await ask([answer]);
  expect(reach).toMatchObject({ ours: false, seen: expect.stringMatching(words) as string });
  expect(waited).toBe(0);
});

test("a port that refuses seconds after the registry listens is on another machine", async () => {
  const { reach, waited } = await ask([refused]);
  expect(reach).toMatchObject({ ours: false, seen: "localhost:5000 refuses connections" });
  expect(waited).toBeLessThan(10_000);
});

test("where the address is another machine's, a refusal is not waited out", async () => {
  const { reach, waited } = await ask([refused], { looksLocal: false });
  expect(reach.ours).toBe(false);
  expect(waited).toBeLessThan(1_000);
});

test("the evidence wins over the address", async () => {
  const { reach } = await ask([refused, { kind: "owner", owner: "me" }], { looksLocal: false });
  expect(reach.ours).toBe(true);
});

test("a registry that is slow to start is given a minute", async () => {
  const { reach, waited } = await ask([refused], { listens: false });
  expect(reach.ours).toBe(false);
  expect(waited).toBeGreaterThan(59_000);
});

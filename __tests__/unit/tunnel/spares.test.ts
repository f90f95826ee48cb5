import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Carrier } from "../../../src/docker/exec-stream.ts";
import { Spares } from "../../../src/tunnel/spares.ts";

/** A start of processes whose outcome is in the test's hands. */
function inHand() {
  const starts: { come(): Carrier; fail(): void }[] = [];
  const start = () =>
    new Promise<Carrier>((resolve, reject) => {
      starts.push({
        come() {
          const [input, output] = [new PassThrough(), new PassThrough()];
          const carrier = { input, output, destroy: () => void output.destroy() };
          resolve(carrier);
          return carrier;
        },
        fail: () => reject(new Error("the daemon is away")),
      });
    });
  return { starts, spares: new Spares(start) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("one is started before anybody asks, and more when it is quiet", () => {
  const { starts } = inHand();
  expect(starts).toHaveLength(1);
  vi.runOnlyPendingTimers();
  expect(starts).toHaveLength(3);
});

test("who asks gets the oldest; nothing is started beside a new connection while there are others", async () => {
  const { starts, spares } = inHand();
  vi.runOnlyPendingTimers();
  const [first] = starts.map((one) => one.come());
  await turn();
  expect(await spares.take()).toBe(first);
  await turn();
  vi.advanceTimersByTime(199);
  expect(starts).toHaveLength(3);
  vi.advanceTimersByTime(1);
  expect(starts).toHaveLength(4);
});

test("when the last is taken the next is started at once", async () => {
  const { starts, spares } = inHand();
  starts[0]?.come();
  await turn();
  await spares.take();
  await turn();
  expect(starts).toHaveLength(2);
});

test("who comes while one starts waits for that, and for no start of its own", async () => {
  const { starts, spares } = inHand();
  const taken = spares.take();
  expect(starts).toHaveLength(1);
  const first = starts[0]?.come();
  expect(await taken).toBe(first);
});

test("more than there are spares each have their own", async () => {
  const { starts, spares } = inHand();
  const taken = [spares.take(), spares.take(), spares.take()];
  expect(starts).toHaveLength(3);
  const came = starts.map((one) => one.come());
  expect(await Promise.all(taken)).toEqual(came);
});

test("one that ends while it waits is given to nobody", async () => {
  const { starts, spares } = inHand();
  vi.runOnlyPendingTimers();
  const [dead, living] = starts.map((one) => one.come());
  await turn();
  dead?.output.destroy(new Error("the node restarts"));
  await turn();
  expect(await spares.take()).toBe(living);
});

test("a start that fails is its user's failure; with no user it is tried again later", async () => {
  const { starts, spares } = inHand();
  const taken = spares.take();
  starts[0]?.fail();
  await expect(taken).rejects.toThrow("the daemon is away");
  await turn();
  expect(starts).toHaveLength(2);
  starts[1]?.fail();
  await turn();
  expect(starts).toHaveLength(2);
  vi.advanceTimersByTime(1_000);
  expect(starts.length).toBeGreaterThan(2);
});

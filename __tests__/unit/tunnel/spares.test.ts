import { PassThrough } from "node:stream";
import { expect, test, vi } from "vitest";
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

test("two are started before anybody asks; who asks gets the oldest, and another is started", async () => {
  const { starts, spares } = inHand();
  expect(starts).toHaveLength(2);
  const first = starts[0]?.come();
  await turn();
  expect(await spares.take()).toBe(first);
  await turn();
  expect(starts).toHaveLength(3);
});

test("who comes while they start waits for the one that was started first, and for no start of its own", async () => {
  const { starts, spares } = inHand();
  const taken = spares.take();
  expect(starts).toHaveLength(2);
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
  const dead = starts[0]?.come();
  const living = starts[1]?.come();
  await turn();
  dead?.output.destroy(new Error("the node restarts"));
  await turn();
  expect(await spares.take()).toBe(living);
});

test("a start that fails is its user's failure; with no user it is tried again later", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  try {
    const { starts, spares } = inHand();
    const taken = spares.take();
    starts[0]?.fail();
    await expect(taken).rejects.toThrow("the daemon is away");
    await turn();
    const before = starts.length;
    starts[1]?.fail();
    await turn();
    expect(starts).toHaveLength(before);
    vi.runOnlyPendingTimers();
    expect(starts).toHaveLength(before + 1);
  } finally {
    vi.useRealTimers();
  }
});

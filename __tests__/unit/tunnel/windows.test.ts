import { expect, test } from "vitest";
import { Window, windows } from "../../../src/tunnel/windows.ts";

const quarter = windows.first / 4;

test("what was taken is granted anew by the quarter, and not by the byte", () => {
  const window = new Window({ left: 0 });
  expect(window.taken(quarter - 1, true)).toBe(0);
  expect(window.taken(1, true)).toBe(quarter);
  expect(window.taken(quarter, true)).toBe(quarter);
});

test("grows for a receiver that keeps up, to the most", () => {
  const spare = { left: windows.spare };
  const window = new Window(spare);
  let size: number = windows.first;
  for (let turn = 0; turn < 20; turn++) size += window.taken(windows.most, true) - windows.most;
  expect(size).toBe(windows.most);
  expect(spare.left).toBe(windows.spare - (windows.most - windows.first));
  window.release();
  expect(spare.left).toBe(windows.spare);
});

test("does not grow for one that is behind, nor beyond what all may have", () => {
  const spare = { left: 1000 };
  const window = new Window(spare);
  expect(window.taken(quarter, false)).toBe(quarter);
  expect(window.taken(quarter, true)).toBe(quarter + 1000);
  expect(window.taken(windows.first, true)).toBe(windows.first);
});

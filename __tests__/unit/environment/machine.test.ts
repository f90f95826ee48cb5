import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { expect, test } from "vitest";
import { isSameMachine, thisMachine } from "../../../src/environment/machine.ts";

const machine = { name: "machine", kernel: "6.8.0-generic", memory: 8 * 1024 ** 3 };

test.each([
  ["the same in all", {}, true],
  ["another name", { name: "far" }, false],
  ["another kernel", { kernel: "5.15.0" }, false],
  ["other memory", { memory: 1 }, false],
])("one machine or two: %s", (_, other, same) => {
  expect(isSameMachine(machine, { ...machine, ...other })).toBe(same);
});

test("two that tell nothing are not one", () => {
  const silent = { name: "", kernel: "", memory: 0 };
  expect(isSameMachine(silent, silent)).toBe(false);
});

test.skipIf(process.platform !== "linux")("this machine is told as Docker tells it", () => {
  const inKernel = (file: string) => readFileSync(file, "utf8");
  const total = /^MemTotal: +(\d+) kB/m.exec(inKernel("/proc/meminfo"))?.[1];
  expect(thisMachine()).toEqual({
    name: hostname(),
    kernel: inKernel("/proc/sys/kernel/osrelease").trim(),
    memory: Number(total) * 1024,
  });
});

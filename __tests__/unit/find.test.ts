import { expect, test } from "vitest";
import { jobOnHost } from "../../src/find.ts";
import { foundWith } from "./plan/world.ts";

const { job, engine } = foundWith();

test("in a container the job's host is the machine, by the daemon's word: the next job has another host name", () => {
  const container = { id: "c0ffee", name: "job", networks: [] };
  expect(jobOnHost({ ...job, host: "0123456789ab" }, container, engine)).toEqual({ ...job, host: "machine" });
  expect(jobOnHost({ ...job, host: "laptop" }, undefined, engine).host).toBe("laptop");
});

import { expect } from "vitest";
import type { Job } from "../../../script/runner/job.mjs";
import { inputs } from "./jobs.ts";
import { remainsOf } from "./machine.ts";

/** Runs the step, which must fail and leave nothing, by itself and after post. Returns its log. */
export async function refused(job: Job, given: Record<string, string> = {}): Promise<string> {
  const before = remainsOf(job);
  const step = await job.use(inputs(given));
  expect(step.code, step.log).toBe(1);
  expect(remainsOf(job)).toEqual(before);
  const post = await job.post(step);
  expect(post.code).toBe(0);
  expect(remainsOf(job)).toEqual(before);
  return step.log;
}

import { readFileSync } from "node:fs";
import type { FarMachine } from "../../../script/far/machine.mjs";
import type { Job } from "../../../script/runner/job.mjs";
import { processIdsOf, type Remains, remainsOf } from "./machine.ts";

/** What a job may leave on either side. */
export interface BothRemains {
  readonly here: Remains;
  readonly there: Pick<Remains, "containers" | "networks" | "volumes">;
}

export function remainsOnBothSides(job: Job, far: FarMachine): BothRemains {
  const listing = (...args: string[]) =>
    far
      .docker(...args)
      .split("\n")
      .filter(Boolean)
      .sort();
  return {
    here: remainsOf(job),
    there: {
      containers: listing("ps", "--all", "--format", "{{.Names}}"),
      networks: listing("network", "ls", "--format", "{{.Name}}"),
      volumes: listing("volume", "ls", "--quiet"),
    },
  };
}

/** The processes that carry a job's ports. */
export function tunnelsOf(job: Job): number[] {
  return processIdsOf(job).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("tunnel-process.cjs"),
  );
}

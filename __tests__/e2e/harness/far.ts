import { execFileSync } from "node:child_process";
import { FarMachine, type FarOptions } from "../../../script/far/machine.mjs";
import type { Job } from "../../../script/runner/job.mjs";
import { lab, type Remains, remainsOf } from "./machine.ts";

/** A second machine with Docker, with the lab's mirror and runtime where there is a lab. */
export function startFarMachine(options: FarOptions = {}): Promise<FarMachine> {
  return FarMachine.start({ ...farOptions(), ...options });
}

function farOptions(): FarOptions {
  const mirror = process.env["LAB_REGISTRY"];
  const runtimes: unknown = JSON.parse(
    execFileSync("docker", ["info", "--format", "{{json .Runtimes}}"], { encoding: "utf8" }),
  );
  const { lab: runtime } = runtimes as { lab?: { path: string } };
  return {
    ...(lab.mirror === undefined || mirror === undefined ? {} : { mirror }),
    ...(runtime === undefined ? {} : { runtime: runtime.path }),
  };
}

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

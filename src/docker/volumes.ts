import * as z from "zod";
import { CommandError } from "../support/process-runner.ts";
import { type Docker, linesOf, saysGone } from "./docker.ts";
import { labels } from "./labels.ts";

const inspection = z.array(
  z.object({ Name: z.string(), Labels: z.record(z.string(), z.string()).nullable() }),
);

export interface LabelledVolume {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** `docker volume create` with labels. */
export function createVolumeArgs(name: string, withLabels: Readonly<Record<string, string>>): string[] {
  const flags = Object.entries(withLabels).map(([key, value]) => `--label=${key}=${value}`);
  return ["volume", "create", ...flags, name];
}

/** All volumes that carry our owner label. @throws CommandError when the daemon does not tell. */
export async function ownerVolumes(docker: Docker): Promise<LabelledVolume[]> {
  const names = linesOf(
    await docker.output(["volume", "ls", "--quiet", "--filter", `label=${labels.owner}`], {
      deadline: 30_000,
    }),
  );
  if (names.length === 0) return [];
  // One may go away between the two calls; docker then still prints the others and exits with 1.
  const inspected = await docker.run(["volume", "inspect", ...names], { deadline: 30_000 });
  // Any other refusal must not pass for “there is none”: kind's network goes when there is none.
  if (inspected.code !== 0 && !saysGone(inspected)) throw new CommandError(inspected);
  return inspection
    .parse(JSON.parse(inspected.stdout.trim() === "" ? "[]" : inspected.stdout))
    .map((volume) => ({ name: volume.Name, labels: volume.Labels ?? {} }));
}

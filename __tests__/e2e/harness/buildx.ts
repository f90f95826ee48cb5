import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Job, Step } from "../../../script/runner/job.mjs";
import { run } from "./jobs.ts";
import { lab } from "./machine.ts";

/** buildx as a plugin of the docker command, where the lab has one and the machine has none. */
export function installBuildx(job: Job): void {
  if (lab.bin === undefined) return;
  const plugins = join(job.folder, "home/.docker/cli-plugins");
  mkdirSync(plugins, { recursive: true });
  symlinkSync(join(lab.bin, "docker-buildx"), join(plugins, "docker-buildx"));
}

/**
 * Builds and pushes an image with a builder that runs in a container, which has the step's outputs and nothing else,
 * and removes the builder. `/made` in the image says who made it.
 * @param push The command by which its base, which the daemon has, comes to the registry.
 * @returns the image
 */
export async function pushFromBuilder(
  job: Job,
  { outputs }: Step,
  push = (image: string) => `docker push --quiet ${image}`,
): Promise<string> {
  const registry = outputs["registry"] ?? "";
  const builder = `builder-${job.trackingId.slice(-8)}`;
  onTestFinished(async () => {
    await job.run(`docker buildx rm --force ${builder}`);
  });
  // As docker/setup-buildx-action passes its inputs on.
  await run(
    job,
    `docker buildx create --name ${builder} --driver docker-container \
      --driver-opt ${outputs["buildx-driver-opts"]} --buildkitd-config ${outputs["buildkitd-config"]} --bootstrap`,
  );
  // The base comes from our registry too: the builder pulls by the same reference that it pushes by.
  await run(
    job,
    `docker pull --quiet busybox && docker tag busybox ${registry}/base && ${push(`${registry}/base`)}`,
  );
  writeFileSync(
    join(job.workspace, "Dockerfile"),
    `FROM ${registry}/base\nRUN echo "made by BuildKit" > /made\nCMD ["sleep", "600"]\n`,
  );
  const image = `${registry}/built:${outputs["image-tag"]}`;
  await run(job, `docker buildx build --builder ${builder} --tag ${image} --push .`);
  await run(job, `docker buildx rm ${builder} && docker rmi ${registry}/base`);
  return image;
}

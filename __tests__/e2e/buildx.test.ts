import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Job } from "../../script/runner/job.mjs";
import { newJob, run, use } from "./harness/jobs.ts";
import { lab, remainsOf } from "./harness/machine.ts";

/** buildx as a plugin of the docker command, where the lab has one and the machine has none. */
function installBuildx(job: Job): void {
  if (lab.bin === undefined) return;
  const plugins = join(job.folder, "home/.docker/cli-plugins");
  mkdirSync(plugins, { recursive: true });
  symlinkSync(join(lab.bin, "docker-buildx"), join(plugins, "docker-buildx"));
}

test("a builder in a container pushes with the outputs that are made for it", async () => {
  const job = newJob();
  installBuildx(job);
  const before = remainsOf(job);
  const step = await use(job);
  const { outputs } = step;
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
    `docker pull --quiet busybox && docker tag busybox ${registry}/base && docker push --quiet ${registry}/base`,
  );
  writeFileSync(
    join(job.workspace, "Dockerfile"),
    `FROM ${registry}/base\nRUN echo "made by BuildKit" > /made\nCMD ["sleep", "600"]\n`,
  );
  const image = `${registry}/built:${outputs["image-tag"]}`;
  await run(job, `docker buildx build --builder ${builder} --tag ${image} --push .`);

  await run(job, `kubectl run built --image=${image}`);
  await run(job, "kubectl wait pod/built --for=condition=Ready --timeout=180s");
  expect(await run(job, "kubectl exec built -- cat /made")).toBe("made by BuildKit\n");

  await run(job, `docker buildx rm ${builder} && docker rmi ${registry}/base`);
  expect((await job.post(step)).log).not.toContain("::warning::");
  expect(remainsOf(job)).toEqual(before);
});

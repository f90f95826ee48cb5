import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FarMachine } from "../../script/far/machine.mjs";
import { remainsOnBothSides } from "./harness/far.ts";
import { newJob, pushAndRun, run, use } from "./harness/jobs.ts";
import { lab } from "./harness/machine.ts";
import { password, type RegistryElsewhere, registryElsewhere } from "./harness/registry-elsewhere.ts";
import {
  filesOnNode,
  formsOf,
  placesOf,
  placesWith,
  plantedProcesses,
  watchProcesses,
} from "./harness/secret-search.ts";

// Only the lab has a registry program to run in a network of its own.
const inLab = describe.skipIf(lab.bin === undefined);

inLab("a daemon and a private registry, each on a machine of its own", () => {
  let far: FarMachine;
  let elsewhere: RegistryElsewhere;
  beforeAll(async () => {
    far = await FarMachine.start();
    elsewhere = await registryElsewhere();
    elsewhere.linkTo(far.namespace);
  });
  afterAll(async () => {
    await elsewhere?.stop();
    await far?.end();
  });

  test("a pod there pulls a private image that was pushed from either side; post leaves nothing but other tags", async () => {
    const forms = formsOf("user", password);
    const there = (...args: string[]) => far.docker(...args);
    const job = newJob({ env: { ...far.env, SSL_CERT_FILE: elsewhere.caPath } });
    const before = remainsOnBothSides(job, far);
    const planted = plantedProcesses(forms);
    const stopWatching = watchProcesses(forms);
    const step = await use(job, { ...elsewhere.inputs, "delete-images": "app\ncopied" });
    expect(stopWatching()).toEqual(planted);
    const prefix = `${elsewhere.host}/team`;
    expect(step.outputs).toMatchObject({ strategy: "remote-registry", registry: prefix });
    // kubectl needs the tunnel there; the registry does not.
    expect(step.log).toMatch(/reach: tunnel/);
    expect(remainsOnBothSides(job, far).there.containers).toEqual(["kind-control-plane"]);

    expect(placesWith(forms, placesOf(job, step, there))).toEqual([]);
    expect(filesOnNode("kind-control-plane", forms, there)).toEqual(["/var/lib/kubelet/config.json"]);
    there("volume", "create", "--label", `leak=${forms[2]}`, "planted-leak");
    expect(placesWith(forms, placesOf(job, step, there))).toEqual(["volume planted-leak"]);
    there("volume", "rm", "planted-leak");

    const tag = step.outputs["image-tag"] ?? "";
    writeFileSync(join(job.folder, "password"), password, { mode: 0o600 });
    await run(
      job,
      `docker login --username user --password-stdin ${elsewhere.host} < ${job.folder}/password`,
    );
    // By Docker, which pushes from there, and without Docker, from here.
    await pushAndRun(job, step);
    await run(job, `${lab.bin}/crane copy ${prefix}/app:${tag} ${prefix}/copied:${tag}`);
    await run(job, `kubectl run copied --image=${prefix}/copied:${tag} --port=8080`);
    await run(job, "kubectl wait pod/copied --for=condition=Ready --timeout=180s");
    await expect(elsewhere.stranger().status("team/app", tag)).rejects.toThrow("asks");
    await elsewhere.pusher().image("team/app", "main", "another image");

    const post = await job.post(step);
    expect(post.code).toBe(0);
    expect(post.log).not.toContain("::warning::");
    for (const name of ["app", "copied"]) {
      expect(post.log).toContain(`${prefix}/${name}:${tag} deleted`);
      expect(await elsewhere.pusher().status(`team/${name}`, tag)).toBe(404);
    }
    expect(await elsewhere.pusher().status("team/app", "main")).toBe(200);
    const after = remainsOnBothSides(job, far);
    expect({ ...after, here: { ...after.here, files: [] } }).toEqual({
      ...before,
      here: { ...before.here, files: [] },
    });
  });
});

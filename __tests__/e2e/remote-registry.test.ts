import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Job } from "../../script/runner/job.mjs";
import { installBuildx, pushFromBuilder } from "./harness/buildx.ts";
import { inputs, newJob, run, use } from "./harness/jobs.ts";
import { docker, lab, pathWithoutTools, remainsOf } from "./harness/machine.ts";
import { password, type RegistryElsewhere, registryElsewhere } from "./harness/registry-elsewhere.ts";
import {
  filesOnNode,
  formsOf,
  placesOf,
  placesWith,
  plantedProcesses,
  watchProcesses,
  withoutMasks,
} from "./harness/secret-search.ts";

const example = join(import.meta.dirname, "../../docs/example");
const outputNames = [
  "registry",
  "registry-in-cluster",
  "image-tag",
  "buildkitd-config",
  "buildx-driver-opts",
];

let elsewhere: RegistryElsewhere;
beforeAll(async () => {
  if (lab.bin !== undefined) elsewhere = await registryElsewhere();
});
afterAll(() => elsewhere?.stop());

// Only the lab has a registry program to run in a network of its own.
const inLab = describe.skipIf(lab.bin === undefined);

/** A job whose event is this one; `pull_request` and the payload of GitHub's. */
function jobFor(event: string, payload: object): Job {
  const job = newJob({ env: { GITHUB_EVENT_NAME: event } });
  tellEvent(job, payload);
  return job;
}

function tellEvent(job: Job, payload: object): void {
  const path = join(job.folder, "event.json");
  writeFileSync(path, JSON.stringify(payload));
  job.addEnv("GITHUB_EVENT_PATH", path);
}

/** The parts of https://docs.github.com/webhooks/webhook-events-and-payloads#pull_request that tell a fork. */
const forkPayload = {
  action: "opened",
  number: 7,
  repository: { full_name: "someone/project", fork: false },
  pull_request: {
    number: 7,
    head: { sha: "a".repeat(40), ref: "patch-1", repo: { full_name: "stranger/project", fork: true } },
    base: { sha: "b".repeat(40), ref: "main", repo: { full_name: "someone/project", fork: false } },
  },
};

/** Logs in, builds, pushes, and runs the image in a pod, each by the outputs alone. */
async function pushAndRun(job: Job, outputs: Record<string, string>): Promise<string> {
  const name = "app";
  const image = `${outputs["registry"]}/${name}:${outputs["image-tag"]}`;
  const [host] = (outputs["registry"] ?? "").split("/");
  if (outputs["strategy"] === "remote-registry")
    await run(job, `echo ${password} | docker login --username user --password-stdin ${host} 2> /dev/null`);
  await run(
    job,
    `DOCKER_BUILDKIT=0 docker build --quiet --tag ${image} ${example} && docker push --quiet ${image} && docker rmi ${image}`,
  );
  await run(job, `kubectl run ${name} --image=${image} --port=8080`);
  await run(job, `kubectl wait pod/${name} --for=condition=Ready --timeout=180s`);
  expect(await run(job, `kubectl get --raw /api/v1/namespaces/default/pods/${name}:8080/proxy/`)).toContain(
    "Hello from a pod.",
  );
  return image;
}

inLab("a private registry with users and a private authority", () => {
  test("a pod pulls from it, post deletes this run's tag alone, and no secret is anywhere else", async () => {
    const forms = formsOf("user", password);
    const job = newJob();
    installBuildx(job);
    const before = remainsOf(job);
    // A leak that is planted is found by the search that finds no other.
    const planted = plantedProcesses(forms);
    const stopWatching = watchProcesses(forms);
    const step = await use(job, { ...elsewhere.inputs, "delete-images": "app\nnever-pushed" });
    expect(stopWatching()).toEqual(planted);
    const { outputs } = step;
    expect(outputs).toMatchObject({
      strategy: "remote-registry",
      registry: `${elsewhere.host}/team`,
      "registry-in-cluster": `${elsewhere.host}/team`,
    });
    expect(step.log).toContain(`pushing under ${elsewhere.host}/team works`);
    // It overlaps: the cluster took longer than the proof.
    expect(partOf(step.summary, "registry").to).toBeLessThan(partOf(step.summary, "cluster").to);
    expect(step.log).toContain(`/etc/docker/certs.d/${elsewhere.host}/ca.crt`);
    expect(remainsOf(job).containers).toEqual([...before.containers, "kind-control-plane"].sort());

    // The secret is where it must be, found by the search that finds it nowhere else.
    expect(filesOnNode("kind-control-plane", forms)).toEqual(["/var/lib/kubelet/config.json"]);
    expect(docker("exec", "kind-control-plane", "stat", "-c", "%a %U", "/var/lib/kubelet/config.json")).toBe(
      "600 root",
    );
    expect(placesWith(forms, placesOf(job, step))).toEqual([]);
    expect(step.log.indexOf("::add-mask::")).toBe(0);
    // A planted leak is found by the same search.
    const leak = join(job.folder, "_temp/leak");
    writeFileSync(leak, `{"auth":"${forms[2]}"}`);
    docker("volume", "create", "--label", `leak=${forms[0]}`, "planted-leak");
    onTestFinished(() => void docker("volume", "rm", "planted-leak"));
    expect(placesWith(forms, placesOf(job, step))).toEqual(["_temp/leak", "volume planted-leak"]);

    const config = outputs["buildkitd-config"] ?? "";
    expect(existsSync(config)).toBe(true);
    const tag = outputs["image-tag"] ?? "";
    await pushAndRun(job, outputs);
    const main = await elsewhere.pusher().image("team/app", "main", "another image");
    const built = await pushFromBuilder(job, step);
    await run(job, `kubectl run built --image=${built}`);
    await run(job, "kubectl wait pod/built --for=condition=Ready --timeout=180s");
    expect(await elsewhere.pusher().status("team/app", tag)).toBe(200);

    const post = await job.post(step);
    expect(post.code).toBe(0);
    expect(post.log).toContain(`${elsewhere.host}/team/app:${tag} deleted`);
    expect(post.log).toContain(`${elsewhere.host}/team/never-pushed:${tag} is not there`);
    expect(post.log).not.toContain("::warning::");
    expect(placesWith(forms, [{ where: "post", text: withoutMasks(post.log) }])).toEqual([]);
    expect(await elsewhere.pusher().status("team/app", tag)).toBe(404);
    expect(await elsewhere.pusher().status("team/app", main)).toBe(200);
    const after = remainsOf(job);
    expect({ ...after, files: [], volumes: [] }).toEqual({ ...before, files: [], volumes: [] });
  });

  test("pods on three nodes pull from it, and a digest shared with main survives", async () => {
    const job = newJob();
    const config = [
      "kind: Cluster",
      "apiVersion: kind.x-k8s.io/v1alpha4",
      "nodes: [{role: control-plane}, {role: worker}, {role: worker}]",
    ].join("\n");
    const step = await use(job, { ...elsewhere.inputs, config, "delete-images": "app" });
    const tag = step.outputs["image-tag"] ?? "";
    const image = await pushAndRun(job, step.outputs);
    for (const node of ["kind-worker", "kind-worker2", "kind-control-plane"]) {
      const spec = JSON.stringify({ spec: { nodeName: node } });
      await run(job, `kubectl run on-${node} --image=${image} --overrides='${spec}'`);
      await run(job, `kubectl wait pod/on-${node} --for=condition=Ready --timeout=180s`);
    }
    await run(job, `docker pull --quiet ${image} && docker tag ${image} ${elsewhere.host}/team/app:main`);
    await run(job, `docker push --quiet ${elsewhere.host}/team/app:main`);
    const post = await job.post(step);
    expect(post.log).toContain(`${elsewhere.host}/team/app:${tag} deleted`);
    expect(await elsewhere.pusher().status("team/app", tag)).toBe(404);
    expect(await elsewhere.pusher().status("team/app", "main")).toBe(200);
  });

  test("a wrong password ends the run at once, with its reason, and leaves nothing", async () => {
    const job = newJob();
    const before = remainsOf(job);
    const step = await job.use(
      inputs({ ...elsewhere.inputs, "remote-registry-password": "wrong-horse-battery" }),
    );
    expect(step.code).toBe(1);
    expect(step.log).toMatch(/::error::Could not prove that images can be pushed under .*401/);
    expect(step.log).toContain("give the right user name and password");
    // At once: kind had not come to the point where its nodes start.
    expect(step.log).not.toContain("Starting control-plane");
    expect(withoutMasks(step.log)).not.toContain("wrong-horse-battery");
    await job.post(step);
    expect(remainsOf(job)).toEqual(before);
  });

  test("two runs at once each delete only their own", async () => {
    const jobs = [newJob({ runnerName: "runner-1" }), newJob({ runnerName: "runner-2" })];
    const steps = [];
    for (const [at, job] of jobs.entries()) {
      steps.push(await use(job, { ...elsewhere.inputs, "cluster-name": `run-${at}`, "delete-images": "*" }));
    }
    const tags = steps.map(({ outputs }) => outputs["image-tag"] ?? "");
    for (const tag of tags) await elsewhere.pusher().image("team/both", tag, "the same image");
    const [first, second] = steps;
    const [firstJob, secondJob] = jobs;
    if (first === undefined || second === undefined) throw new Error("two steps");
    const post = await firstJob?.post(first);
    expect(post?.log).toContain(`team/both:${tags[0]} deleted`);
    expect(await elsewhere.pusher().status("team/both", tags[0] ?? "")).toBe(404);
    expect(await elsewhere.pusher().status("team/both", tags[1] ?? "")).toBe(200);
    await secondJob?.post(second);
    expect(await elsewhere.pusher().status("team/both", tags[1] ?? "")).toBe(404);
  });
});

inLab("a registry without TLS and without users", () => {
  test("is used without credentials: a builder pushes to it, a pod pulls, post deletes", async () => {
    const open = await registryElsewhere("all");
    onTestFinished(() => open.stop());
    const job = newJob();
    installBuildx(job);
    const step = await use(job, { ...open.inputs, "delete-images": "built" });
    expect(step.outputs["strategy"]).toBe("remote-registry");
    expect(step.log).toContain("asks for no credentials");
    expect(step.log).toContain(`"insecure-registries": ["${open.host}"]`);
    expect(docker("exec", "kind-control-plane", "ls", "/var/lib/kubelet")).not.toContain("config.json");
    const configMaps = await run(job, "kubectl get configmaps --namespace kube-public --output name");
    expect(configMaps).not.toContain("local-registry-hosting");
    // Docker would need that setting, and is not ours to set.
    const image = await pushFromBuilder(
      job,
      step,
      (base) => `docker save ${base} > base.tar && ${lab.bin}/crane push --insecure base.tar ${base}`,
    );
    await run(job, `kubectl run built --image=${image}`);
    await run(job, "kubectl wait pod/built --for=condition=Ready --timeout=180s");
    const post = await job.post(step);
    expect(post.log).toContain(`${image} deleted`);
    expect(await open.stranger().status("team/built", step.outputs["image-tag"] ?? "")).toBe(404);
  });
});

inLab("a private registry whose users a token server knows", () => {
  test("a pod pulls by a token that its node fetched, and post deletes by one that may delete", async () => {
    const tokens = await registryElsewhere("token server");
    onTestFinished(() => tokens.stop());
    const job = newJob();
    const step = await use(job, { ...tokens.inputs, "delete-images": "app" });
    const tag = step.outputs["image-tag"] ?? "";
    expect(tokens.scopes).toEqual(["repository:team/app:pull,push"]);
    await pushAndRun(job, step.outputs);
    await expect(tokens.stranger().status("team/app", tag)).rejects.toThrow("asks");
    // Docker asked for more than to pull.
    expect(tokens.scopes).toContain("repository:team/app:pull");
    const post = await job.post(step);
    expect(post.log).toContain(`${tokens.host}/team/app:${tag} deleted`);
    expect(tokens.scopes).toContain("repository:team/app:pull,delete");
    expect(await tokens.pusher().status("team/app", tag)).toBe(404);
  });
});

inLab("the code of a fork beside the repository's secrets (pull_request_target)", () => {
  test("gets no credentials: they are on no node and nowhere else, and images stay beside the cluster", async () => {
    const forms = formsOf("user", password);
    const job = jobFor("pull_request_target", forkPayload);
    const commit = "git -c user.name=x -c user.email=x@y commit --quiet --allow-empty --message=theirs";
    const sha = (await run(job, `git init --quiet && ${commit} && git rev-parse HEAD`)).trim();
    const { pull_request } = forkPayload;
    const head = { ...pull_request.head, sha };
    tellEvent(job, { ...forkPayload, pull_request: { ...pull_request, head } });
    const stopWatching = watchProcesses(forms);
    const step = await use(job, { ...elsewhere.inputs, "delete-images": "app" });
    expect(stopWatching()).toEqual([]);
    expect(step.outputs["strategy"]).toBe("vm-local");
    expect(step.log).toMatch(/::warning::The code of a fork is checked out in .*withheld from it/);
    expect(filesOnNode("kind-control-plane", forms)).toEqual([]);
    expect(placesWith(forms, placesOf(job, step))).toEqual([]);
    const post = await job.post(step);
    expect(post.log).not.toMatch(/::warning::|deleted/);
  });
});

inLab("without credentials", () => {
  const without = () => ({
    ...elsewhere.inputs,
    "remote-registry-username": "",
    "remote-registry-password": "",
  });

  test("a fork's pull request gets a local registry with the same outputs, said once", async () => {
    const job = jobFor("pull_request", forkPayload);
    const step = await use(job, { ...without(), "delete-images": "app" });
    expect(step.outputs["strategy"]).toBe("vm-local");
    for (const name of outputNames) expect(step.outputs[name], name).not.toBe("");
    const notices = step.log.match(/^::notice::Images of this run go to a registry beside the cluster.*$/gm);
    expect(notices).toHaveLength(1);
    expect(notices?.[0]).toContain("the pull request comes from the fork stranger/project");
    await pushAndRun(job, step.outputs);
    const post = await job.post(step);
    expect(post.log).not.toMatch(/::warning::|deleted/);
  });

  test.each([
    ["anything else fails", "push", {}, {}],
    ["an explicit strategy never falls back", "pull_request", forkPayload, { strategy: "remote-registry" }],
    ["on-missing-credentials: fail", "pull_request", forkPayload, { "on-missing-credentials": "fail" }],
  ])("%s, before anything is made", async (_, event, payload, more) => {
    const job = jobFor(event, payload);
    const before = remainsOf(job);
    const step = await job.use(inputs({ ...without(), ...more }));
    expect(step.code).toBe(1);
    expect(step.log).toMatch(/::error::Could not use the remote registry .*docker login/);
    await job.post(step);
    expect(remainsOf(job)).toEqual(before);
  });

  test("what docker login left is used, and by post what it finds then: a helper program", async () => {
    const bin = mkdtempSync(join(tmpdir(), "helper-"));
    onTestFinished(() => rmSync(bin, { recursive: true }));
    const job = newJob({ path: [bin, pathWithoutTools()].join(delimiter) });
    const logIn = (config: object) => {
      mkdirSync(join(job.folder, "home/.docker"), { recursive: true });
      writeFileSync(join(job.folder, "home/.docker/config.json"), JSON.stringify(config), { mode: 0o600 });
    };
    const auth = Buffer.from(`user:${password}`).toString("base64");
    const others = { "other.example": { auth: Buffer.from("me:others-secret").toString("base64") } };
    logIn({ auths: { ...others, [elsewhere.host]: { auth } } });
    const step = await use(job, { ...without(), "delete-images": "later" });
    // That registry's login alone comes to the nodes.
    expect(filesOnNode("kind-control-plane", formsOf("me", "others-secret"))).toEqual([]);
    expect(filesOnNode("kind-control-plane", [auth])).toEqual(["/var/lib/kubelet/config.json"]);
    expect(step.log).toContain(`with the credentials from ${job.folder}/home/.docker/config.json`);
    expect(step.outputs["strategy"]).toBe("remote-registry");
    expect(statSync(step.outputs["buildkitd-config"] ?? "").mode & 0o777).toBe(0o600);
    const tag = step.outputs["image-tag"] ?? "";
    await elsewhere.pusher().image("team/later", tag, "an image");

    const answer = JSON.stringify({ ServerURL: elsewhere.host, Username: "user", Secret: password });
    writeFileSync(
      join(bin, "docker-credential-tests"),
      `#!/bin/sh\n[ "$1" = get ] && grep -qx ${elsewhere.host} && echo '${answer}'\n`,
      { mode: 0o755 },
    );
    logIn({ credHelpers: { [elsewhere.host]: "tests" } });
    const post = await job.post(step);
    expect(post.log).toContain(`${elsewhere.host}/team/later:${tag} deleted`);
    expect(withoutMasks(post.log)).not.toContain(password);
  });
});

/** Begin and end of a part, in seconds, as the summary shows it. */
function partOf(summary: string, name: string): { from: number; to: number } {
  const [, from, to] =
    new RegExp(`^\\| ${name} \\| [^|]+ \\| ([^|]+) \\| ([^|]+) \\|$`, "m").exec(summary) ?? [];
  const seconds = (text = "") => Number.parseFloat(text) / (text.endsWith(" ms") ? 1000 : 1);
  return { from: seconds(from), to: seconds(to) };
}

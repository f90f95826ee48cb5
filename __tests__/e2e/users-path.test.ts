import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { newJob, pushAndRun, run, use } from "./harness/jobs.ts";
import { lab, remainsOf } from "./harness/machine.ts";

/** What the mirror was asked for since. */
function mirrorLog(since: number): string[] {
  if (lab.mirrorLog === undefined) return [];
  return readFileSync(lab.mirrorLog, "utf8").slice(since).split("\n").filter(Boolean);
}

test("cluster, registry, a pushed image in a pod; then nothing is left", async () => {
  const job = newJob();
  const before = remainsOf(job);
  const asked = lab.mirrorLog === undefined ? 0 : statSync(lab.mirrorLog).size;

  const step = await use(job);
  const { outputs } = step;
  expect(outputs).toMatchObject({
    strategy: "vm-local",
    "cluster-name": "kind",
    context: "kind-kind",
    "registry-in-cluster": "kind-registry:5000",
    "buildx-driver-opts": "network=host",
  });
  expect(outputs["image-tag"]).toMatch(/^run-\d+-1-[0-9a-f]{12}$/);
  expect(outputs["node-image"]).toMatch(/^kindest\/node:v1\.34\.\d+@sha256:[0-9a-f]{64}$/);
  if (lab.mirror !== undefined) {
    const downloads = mirrorLog(asked).filter((line) => /\/(kind-linux|kubectl)/.test(line));
    expect(downloads.map((line) => line.split("/").at(-1)).sort()).toHaveLength(4);
    expect(new Set(downloads).size).toBe(4);
  }
  expect(step.summary).toContain("| Docker |");
  expect(step.summary).toContain(`| Kubernetes | ${outputs["kubernetes-version"]} |`);

  await pushAndRun(job, { outputs });
  expect(await run(job, "kubectl get --raw /api/v1/namespaces/default/pods/app:8080/proxy/")).toContain(
    "Hello from a pod.",
  );

  // The cluster's DNS follows the step's end (docs/recipes.md), and kube-proxy follows the DNS.
  await run(job, "kubectl --namespace kube-system rollout status deployment/coredns --timeout=180s");
  const catalog = `http://${outputs["registry-in-cluster"]}/v2/_catalog`;
  const asking = `for try in $(seq 60); do timeout 5 wget -q -O - ${catalog} && exit; sleep 1; done; exit 1`;
  expect(await run(job, `kubectl exec app -- sh -c '${asking}'`)).toContain('"app"');

  const configMap = await run(
    job,
    "kubectl --namespace kube-public get configmap local-registry-hosting --output yaml",
  );
  const hosting: unknown = parse(
    (parse(configMap) as { data: Record<string, string> }).data["localRegistryHosting.v1"] ?? "",
  );
  expect(hosting).toEqual({
    host: outputs["registry"],
    hostFromContainerRuntime: "kind-registry:5000",
    hostFromClusterNetwork: "kind-registry:5000",
    help: expect.stringContaining("https://") as string,
  });
  expect(statSync(outputs["kubeconfig"] ?? "").mode & 0o777).toBe(0o600);
  expect(await run(job, "kubectl config current-context; echo $KIND_CLUSTER_NAME; kind --version")).toMatch(
    /^kind-kind\nkind\nkind version/,
  );

  // The comparison can tell: before post there is something to see.
  const during = remainsOf(job);
  expect(during.containers).toEqual(expect.arrayContaining(["kind-control-plane", "kind-registry"]));
  expect(during).not.toEqual(before);

  const post = await job.post(step);
  expect(post.code).toBe(0);
  expect(post.log).not.toContain("::warning::");
  expect(remainsOf(job)).toEqual(before);
  // Post again, as after a job that is cleaned up twice, is fine.
  const again = await job.post(step);
  expect(again.code).toBe(0);
  expect(again.log).not.toContain("::warning::");
});

test("a second job asks the network for nothing, and brings no registry when none is wanted", async () => {
  const first = newJob();
  const step = await use(first, { registry: "false" });
  expect(step.outputs["registry"]).toBe("");
  expect(step.outputs["buildkitd-config"]).toBe("");
  await first.post(step);

  const asked = lab.mirrorLog === undefined ? 0 : statSync(lab.mirrorLog).size;
  const own = join(first.folder, "work/own-kubeconfig");
  const second = newJob({ toolCache: first.toolCache });
  const before = remainsOf(second);
  const again = await use(second, { registry: "false", kubeconfig: own, "export-env": "false" });
  expect(again.log).toContain("from the tool cache");
  // Release notes may be looked at again; no binary and no sum is.
  expect(mirrorLog(asked).filter((line) => !line.includes("api.github.com"))).toEqual([]);
  expect(second.env).not.toHaveProperty("KUBECONFIG");
  expect(
    await run(second, `kubectl --kubeconfig ${own} --context kind-kind get namespace default --output name`),
  ).toContain("namespace/default");
  expect(remainsOf(second).containers).toEqual([...before.containers, "kind-control-plane"].sort());
  await second.post(again);
  expect(remainsOf(second)).toEqual(before);
  expect(statSync(own, { throwIfNoEntry: false })).toBeUndefined();
});

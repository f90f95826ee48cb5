import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newJob, run, use } from "./harness/jobs.ts";
import { docker, remainsOf } from "./harness/machine.ts";

const config = `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
networking:
  serviceSubnet: 10.97.0.0/16
nodes:
  - role: control-plane
    labels: { tier: front }
  - role: worker
    labels: { tier: back }
kubeadmConfigPatches:
  - |
    kind: ClusterConfiguration
    apiServer:
      extraArgs:
        event-ttl: 2h
containerdConfigPatches:
  - |
    [plugins."io.containerd.grpc.v1.cri"]
      max_container_log_line_size = 20000
`;

test("a configuration with two nodes: all of it holds, each node pulls from the registry; cleanup: false leaves it", async () => {
  const job = newJob();
  const before = remainsOf(job);
  writeFileSync(join(job.workspace, "kind.yaml"), config);
  const step = await use(job, { config: "kind.yaml", "cluster-name": "own.config", cleanup: "false" });
  const { registry, "image-tag": tag } = step.outputs;
  expect(step.outputs["context"]).toBe("kind-own.config");

  docker("pull", "--quiet", "busybox");
  await run(job, `docker tag busybox ${registry}/box:${tag} && docker push --quiet ${registry}/box:${tag}`);
  for (const tier of ["front", "back"]) {
    const overrides = JSON.stringify({
      spec: { nodeSelector: { tier }, tolerations: [{ operator: "Exists" }] },
    });
    await run(
      job,
      `kubectl run ${tier} --image=${registry}/box:${tag} --overrides='${overrides}' -- sleep 600`,
    );
  }
  await run(job, "kubectl wait pod/front pod/back --for=condition=Ready --timeout=180s");
  expect(await run(job, "kubectl get service kubernetes --output jsonpath={.spec.clusterIP}")).toBe(
    "10.97.0.1",
  );
  const manifest = await run(
    job,
    "docker exec own.config-control-plane cat /etc/kubernetes/manifests/kube-apiserver.yaml",
  );
  expect(manifest).toContain("--event-ttl=2h");
  expect(await run(job, "docker exec own.config-worker cat /etc/containerd/config.toml")).toMatch(
    /max_container_log_line_size = 20000/,
  );

  const post = await job.post(step);
  expect(post.code).toBe(0);
  expect(docker("ps", "--format", "{{.Names}}")).toContain("own.config-worker");
  // What post prints is what removes it.
  const commands = post.log.split(/\n|%0A/).filter((line) => /^\s+(kind|docker|kubectl) /.test(line));
  expect(commands.length).toBeGreaterThan(1);
  await run(job, commands.join("\n"));
  const after = remainsOf(job);
  expect(after.containers).toEqual(before.containers);
  expect(after.volumes).toEqual(before.volumes);
  expect(after.networks).toEqual(before.networks);
});

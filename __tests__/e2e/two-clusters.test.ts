import { expect, test } from "vitest";
import { inputs, newJob, run, use } from "./harness/jobs.ts";
import { docker, remainsOf } from "./harness/machine.ts";

test("two clusters in one job with one registry; each post takes only its own", async () => {
  const job = newJob();
  const before = remainsOf(job);
  const one = await use(job, { "cluster-name": "one" });
  const two = await use(job, { "cluster-name": "two", "registry-name": "one-registry" });
  expect(two.outputs["registry"]).toBe(one.outputs["registry"]);
  expect(two.outputs["image-tag"]).not.toBe(one.outputs["image-tag"]);

  docker("pull", "--quiet", "busybox");
  const image = `${one.outputs["registry"]}/box:${one.outputs["image-tag"]}`;
  await run(job, `docker tag busybox ${image} && docker push --quiet ${image}`);
  for (const context of ["kind-one", "kind-two"]) {
    await run(job, `kubectl --context ${context} run box --image=${image} -- sleep 600`);
    await run(job, `kubectl --context ${context} wait pod/box --for=condition=Ready --timeout=180s`);
  }
  const taken = await job.use(inputs({ "cluster-name": "one" }));
  expect(taken.code).toBe(1);
  expect(taken.log).toContain("an earlier step of this job made a cluster of that name");

  // Posts run in the reverse order.
  await job.post(taken);
  await job.post(two);
  expect(await run(job, "kubectl config get-contexts --output name")).toBe("kind-one\n");
  expect(docker("network", "ls", "--format", "{{.Name}}")).toContain("kind");
  await run(job, "kubectl --context kind-one get --raw /readyz");
  const post = await job.post(one);
  expect(post.log).not.toContain("::warning::");
  expect(remainsOf(job)).toEqual(before);
});

test("two jobs at once on one daemon: a free port for the second, and each takes away its own", async () => {
  const first = newJob({ runnerName: "runner-a" });
  const second = newJob({ runnerName: "runner-b" });
  const before = remainsOf(first);
  const [a, b] = await Promise.all([
    use(first, { "cluster-name": "a" }),
    use(second, { "cluster-name": "b" }),
  ]);
  expect(new Set([a.outputs["registry"], b.outputs["registry"]]).size).toBe(2);
  expect((await run(first, "kubectl get nodes --output name")).trim()).toBe("node/a-control-plane");
  await first.post(a);
  expect((await run(second, "kubectl get nodes --output name")).trim()).toBe("node/b-control-plane");
  await second.post(b);
  const after = remainsOf(first);
  expect(after).toEqual(before);
});

// The demo's job: main, a user's commands, post; told with times, and held against a snapshot from before.
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { FarMachine } from "./far/machine.mjs";
import { Job } from "./runner/job.mjs";

const begun = performance.now();
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const example = join(import.meta.dirname, "../docs/example");

function lines(command, ...args) {
  return execFileSync(command, args, { encoding: "utf8" }).split("\n").filter(Boolean).sort();
}

/** What Docker has, and the files in the places where tools like to leave some. */
function snapshot() {
  const files = (folder) => {
    try {
      return readdirSync(folder).map((name) => join(folder, name));
    } catch {
      return [];
    }
  };
  return {
    containers: lines("docker", "ps", "--all", "--format", "{{.Names}}"),
    networks: lines("docker", "network", "ls", "--format", "{{.Name}}"),
    volumes: lines("docker", "volume", "ls", "--quiet"),
    images: [...new Set(lines("docker", "image", "ls", "--all", "--no-trunc", "--quiet"))],
    files: [...files(tmpdir()), ...files(join(homedir(), ".kube"))].sort(),
  };
}

const gone = (before, after, what) => after[what].filter((one) => !before[what].includes(one));

async function part(title, work) {
  console.log(`\n── ${title}`);
  const since = performance.now();
  const result = await work();
  console.log(`── done in ${seconds(since)}`);
  return result;
}

async function command(job, text) {
  console.log(`  $ ${text}`);
  const { code } = await job.run(text);
  if (code !== 0) throw new Error(`exit code ${code}`);
}

/**
 * Images are Docker's to keep; the demo takes away those that came with it. One that another is built on goes after
 * that, and the listing does not tell which is which: so again, as long as it helps.
 */
function removeImages() {
  let last = Number.POSITIVE_INFINITY;
  for (;;) {
    const images = gone(before, snapshot(), "images");
    if (images.length === 0 || images.length >= last) return;
    last = images.length;
    spawnSync("docker", ["rmi", "--force", ...images], { stdio: "ignore" });
  }
}

// With --remote Docker is elsewhere, for the job and for the comparison alike.
const far = process.argv.includes("--remote")
  ? await part("a second machine with Docker, over TLS", () => FarMachine.start())
  : undefined;
if (far !== undefined) {
  Object.assign(process.env, far.env);
  console.log(`  DOCKER_HOST=${far.env.DOCKER_HOST}`);
}

const before = snapshot();
const job = new Job({
  env: far?.env ?? (process.env.DOCKER_HOST === undefined ? {} : { DOCKER_HOST: process.env.DOCKER_HOST }),
  onLine: (line) => console.log(`    ${line}`),
});
const inputs = {
  "kubernetes-version": "1.34",
  ...(process.env.LAB_MIRROR === undefined ? {} : { "download-mirror": process.env.LAB_MIRROR }),
};
let failure;
let step;
try {
  step = await part('uses: org/kind-ci-action@v1   with: { kubernetes-version: "1.34" }', () =>
    job.use(inputs),
  );
  if (step.code !== 0) throw new Error("the step failed; see above");
  const { outputs } = step;
  const image = `${outputs.registry}/app:${outputs["image-tag"]}`;
  await part("the job's own commands", async () => {
    // The classic builder: Debian's Docker has no other.
    await command(job, `DOCKER_BUILDKIT=0 docker build --quiet --tag ${image} ${example} 2> /dev/null`);
    await command(job, `docker push --quiet ${image}`);
    await command(job, `kubectl run app --image=${image} --port=8080`);
    await command(job, "kubectl wait pod/app --for=condition=Ready --timeout=120s");
    await command(job, "kubectl get --raw /api/v1/namespaces/default/pods/app:8080/proxy/");
  });
} catch (error) {
  failure = error;
}
if (step !== undefined) await part("post", () => job.post(step));
job.end();

removeImages();
const after = snapshot();
console.log("\n── compared with before");
let left = 0;
for (const what of Object.keys(before)) {
  const more = gone(before, after, what);
  left += more.length;
  console.log(`  ${what}: ${more.length === 0 ? "nothing is left" : `LEFT: ${more.join(", ")}`}`);
}
if (far !== undefined) await part("the second machine goes", () => far.end());
if (failure !== undefined) console.log(`\nThe demo failed: ${failure.message}`);
else console.log(`\n${left === 0 ? "All went well" : "Something is left"}, in ${seconds(begun)}.`);
if (failure !== undefined || left > 0) process.exitCode = 1;

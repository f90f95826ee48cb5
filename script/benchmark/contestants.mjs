// @ts-check
// What is compared. Each brings up a cluster by the commands that its documentation gives, and takes it down again.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { Job } from "../runner/job.mjs";

const run = promisify(execFile);

/** @param {string} script */
export async function bash(script) {
  const { stdout } = await run("bash", ["-eo", "pipefail", "-c", script], { maxBuffer: 64 << 20 });
  return stdout.trim();
}

/**
 * @typedef {object} Up
 * @property {string} kubeconfig
 * @property {string | undefined} registry What images are pushed to; undefined: none.
 * @property {() => Promise<void>} down
 * @property {number | undefined} [memory] The most memory of our main process, in MiB.
 */

/** @typedef {{ name: string, up: (at: { image: string, kubeconfig: string }) => Promise<Up> }} Contestant */

/** @type {Contestant} */
const kindAlone = {
  name: "kind alone",
  async up({ image, kubeconfig }) {
    await bash(`kind create cluster --quiet --name bench --image ${image} --kubeconfig ${kubeconfig} 2>&1`);
    return { kubeconfig, registry: undefined, down: () => downByKind(kubeconfig) };
  },
};

/**
 * https://kind.sigs.k8s.io/docs/user/local-registry/, with names and ports of the benchmark's own.
 * @type {Contestant}
 */
const recipe = {
  name: "recipe",
  async up({ image, kubeconfig }) {
    await bash(`
reg_name='bench-registry'
reg_port='5001'
docker run -d --restart=always -p "127.0.0.1:\${reg_port}:5000" --network bridge --name "\${reg_name}" registry:3
cat <<EOF | kind create cluster --quiet --name bench --image ${image} --kubeconfig ${kubeconfig} --config=- 2>&1
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
containerdConfigPatches:
- |-
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
EOF
REGISTRY_DIR="/etc/containerd/certs.d/localhost:\${reg_port}"
for node in $(kind get nodes --name bench); do
  docker exec "\${node}" mkdir -p "\${REGISTRY_DIR}"
  cat <<EOF | docker exec -i "\${node}" cp /dev/stdin "\${REGISTRY_DIR}/hosts.toml"
[host."http://\${reg_name}:5000"]
EOF
done
docker network connect "kind" "\${reg_name}"
cat <<EOF | kubectl --kubeconfig ${kubeconfig} apply -f -
apiVersion: v1
kind: ConfigMap
metadata:
  name: local-registry-hosting
  namespace: kube-public
data:
  localRegistryHosting.v1: |
    host: "localhost:\${reg_port}"
    help: "https://kind.sigs.k8s.io/docs/user/local-registry/"
EOF`);
    return {
      kubeconfig,
      registry: "localhost:5001",
      async down() {
        // First, since it is on kind's network.
        await bash("docker rm --force --volumes bench-registry");
        await downByKind(kubeconfig);
      },
    };
  },
};

/** @param {string} kubeconfig */
async function downByKind(kubeconfig) {
  await bash(`kind delete cluster --quiet --name bench --kubeconfig ${kubeconfig}`);
  await bash("docker network rm kind");
}

/** @type {Contestant} */
const action = {
  name: "this action",
  async up({ image }) {
    const host = process.env["DOCKER_HOST"];
    const job = new Job({ env: host === undefined ? {} : { DOCKER_HOST: host } });
    const mirror = process.env["LAB_MIRROR"];
    const { step, running } = job.start({
      "cluster-name": "bench",
      "node-image": image,
      "kubectl-version": await kubectlVersion(),
      ...(mirror === undefined ? {} : { "download-mirror": mirror }),
    });
    let memory = 0;
    const watch = setInterval(() => {
      memory = Math.max(memory, peakOf(running.child.pid));
    }, 100);
    await step.collected;
    clearInterval(watch);
    if (step.code !== 0) throw new Error(step.log);
    return {
      kubeconfig: step.outputs["kubeconfig"] ?? "",
      registry: step.outputs["registry"],
      memory,
      async down() {
        await job.post(step);
        job.end();
      },
    };
  },
};

export async function kubectlVersion() {
  /** @type {{ clientVersion: { gitVersion: string } }} */
  const { clientVersion } = JSON.parse(await bash("kubectl version --client --output json"));
  return clientVersion.gitVersion;
}

/** MiB. @param {number | undefined} pid */
function peakOf(pid) {
  try {
    const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(peak ?? 0) / 1024;
  } catch {
    return 0;
  }
}

export const contestants = [kindAlone, recipe, action];

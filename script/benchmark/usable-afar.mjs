// @ts-check
// A cluster on the far daemon: kind alone, and this action, by each kind of endpoint.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Job } from "../runner/job.mjs";
import { bash, kubectlVersion } from "./contestants.mjs";

/** @typedef {import("../far/machine.mjs").FarMachine} FarMachine */
/** @typedef {{ name: string, usable: number[], down: number[], kubectl: number[], direct: number[] }} Row */
/**
 * @typedef {object} Up
 * @property {string} kubectl How the cluster is asked from the job; for kind alone on the far machine, as it cannot be reached.
 * @property {{ kubectl: string, server: () => string }} [direct] The same cluster, asked past the tunnel.
 * @property {() => Promise<unknown>} down
 */
/** @typedef {{ name: string, up: () => Promise<Up> }} Contestant */

/** @param {FarMachine} far @param {string} image @param {number} rounds @returns {Promise<Row[]>} */
export async function usableRounds(far, image, rounds) {
  const ssh = far.startSsh();
  const folder = mkdtempSync(join(tmpdir(), "bench-afar-"));
  const path = [ssh.path, process.env["PATH"]].join(delimiter);
  const tls = far.env;
  const socket = { DOCKER_HOST: `unix://${far.socket}` };
  const contestants = [
    kindAlone("kind alone, its socket", far, image, folder, socket),
    kindAlone("kind alone, TLS", far, image, folder, tls),
    kindAlone("kind alone, ssh://", far, image, folder, { DOCKER_HOST: ssh.address, PATH: path }),
    action("this action, TLS", image, { env: tls }, {}, far),
    action("this action, ssh://", image, { path }, { "docker-host": ssh.address }, far),
  ];
  const rows = contestants.map(({ name }) => ({
    name,
    .../** @type {Omit<Row, "name">} */ ({ usable: [], down: [], kubectl: [], direct: [] }),
  }));
  for (let at = 0; at < rounds; at++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const index = (at + turn) % contestants.length;
      const contestant = contestants[index];
      const row = rows[index];
      if (contestant === undefined || row === undefined) continue;
      await round(contestant, row);
      console.error(`round ${at + 1}, ${row.name}: usable ${row.usable.at(-1)?.toFixed(1)} s`);
    }
  }
  rmSync(folder, { recursive: true });
  return rows;
}

/** @param {Contestant} contestant @param {Row} row */
export async function round({ up }, row) {
  const begun = performance.now();
  const { kubectl, direct, down } = await up();
  await poll(kubectl);
  row.usable.push((performance.now() - begun) / 1000);
  const ask = "get --raw /readyz";
  await inTurn([
    { command: `${here} ${kubectl} ${ask}`, took: row.kubectl },
    ...(direct === undefined
      ? []
      : [{ command: `${direct.kubectl} ${ask} ${direct.server()}`, took: row.direct }]),
  ]);
  const ending = performance.now();
  await down();
  row.down.push((performance.now() - ending) / 1000);
}

/** Costs what entering the far machine's network costs, and stays here. */
const here = "nsenter --net=/proc/self/ns/net";

/** Milliseconds of each, as often as somebody types, or a script with some work between. @param {{ command: string, took: number[] }[]} ways */
async function inTurn(ways) {
  for (let count = 0; count < 11; count++) {
    for (const { command, took } of ways) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const asking = performance.now();
      await bash(command);
      took.push(performance.now() - asking);
    }
  }
}

/** The same for all. @param {string} kubectl */
async function poll(kubectl) {
  const asked = `${kubectl} get nodes --no-headers && ${kubectl} get serviceaccount default --output name`;
  while (!/\sReady\s[\s\S]*serviceaccount\/default/.test(await bash(asked).catch(() => "")))
    await new Promise((resolve) => setTimeout(resolve, 100));
}

/**
 * @param {string} name
 * @param {FarMachine} far
 * @param {string} image
 * @param {string} folder
 * @param {Record<string, string | undefined>} env
 * @returns {Contestant}
 */
function kindAlone(name, far, image, folder, env) {
  const kubeconfig = join(folder, "kubeconfig");
  const variables = Object.entries(env)
    .map(([variable, value]) => `export ${variable}='${value}'; `)
    .join("");
  return {
    name,
    async up() {
      await bash(
        `unset DOCKER_HOST; ${variables} kind create cluster --quiet --name bench --image ${image} --kubeconfig ${kubeconfig} 2>&1`,
      );
      return {
        kubectl: `${far.inside.join(" ")} kubectl --kubeconfig ${kubeconfig}`,
        async down() {
          await bash(`unset DOCKER_HOST; ${variables} kind delete cluster --quiet --name bench --kubeconfig ${kubeconfig}
docker network rm kind`);
        },
      };
    },
  };
}

/**
 * @param {string} name
 * @param {string} image
 * @param {import("../runner/job.mjs").JobOptions} options
 * @param {Record<string, string>} inputs
 * @param {FarMachine} [far] Where Docker is, when it is not here.
 * @returns {Contestant}
 */
export function action(name, image, options, inputs, far) {
  return {
    name,
    async up() {
      const job = new Job(options);
      const mirror = process.env["LAB_MIRROR"];
      const step = await job.use({
        "cluster-name": "bench",
        "node-image": image,
        "kubectl-version": await kubectlVersion(),
        ...(mirror === undefined ? {} : { "download-mirror": mirror }),
        ...inputs,
      });
      if (step.code !== 0) throw new Error(step.log);
      const kubectl = `kubectl --kubeconfig ${step.outputs["kubeconfig"]}`;
      return {
        kubectl,
        ...(far === undefined ? {} : { direct: pastTheTunnel(far, kubectl) }),
        async down() {
          const { code, log } = await job.post(step);
          if (code !== 0) throw new Error(log);
          job.end();
        },
      };
    },
  };
}

/** On the far machine's own loopback. @param {FarMachine} far @param {string} kubectl */
function pastTheTunnel(far, kubectl) {
  return {
    kubectl: `${far.inside.join(" ")} ${kubectl}`,
    server: () => `--server https://${far.docker("port", "bench-control-plane", "6443")}`,
  };
}

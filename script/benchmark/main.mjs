// @ts-check
// Alternating rounds of all contestants; see script/bench.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { bash, contestants } from "./contestants.mjs";
import { median, spread } from "./statistics.mjs";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    output: { type: "string", default: ".bench/results.json" },
    image: { type: "string", default: `kindest/node:v${process.env["LAB_KUBERNETES"] ?? "1.34.0"}` },
  },
});

/** @typedef {{ mode: string, name: string, returned: number, usable: number, pod?: number, down: number, memory?: number, load: number }} Round */

const folder = mkdtempSync(join(tmpdir(), "bench-"));
const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Until the command says what is wanted; the same poll for all. @param {string} script @param {RegExp} wanted */
async function poll(script, wanted) {
  for (;;) {
    const said = await bash(script).catch(() => "");
    if (wanted.test(said)) return;
    await pause(100);
  }
}

/** @param {(typeof contestants)[number]} contestant @param {string} mode @returns {Promise<Round>} */
async function round(contestant, mode) {
  if (mode === "node image pulled") await bash(`docker rmi --force ${options.image}`).catch(() => {});
  const kubeconfig = join(folder, "kubeconfig");
  const begun = performance.now();
  const since = () => (performance.now() - begun) / 1000;
  const up = await contestant.up({ image: options.image, kubeconfig });
  const returned = since();
  const kubectl = `kubectl --kubeconfig ${up.kubeconfig}`;
  await poll(
    `${kubectl} get nodes --no-headers && ${kubectl} get serviceaccount default --output name`,
    /\sReady\s[\s\S]*serviceaccount\/default/,
  );
  const usable = since();
  let pod;
  if (up.registry !== undefined) {
    await bash(
      `docker tag busybox ${up.registry}/box:bench && docker push --quiet ${up.registry}/box:bench && ${kubectl} run box --image=${up.registry}/box:bench -- sleep 600`,
    );
    await poll(
      `${kubectl} get pod box --output 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'`,
      /True/,
    );
    pod = since();
    await bash(`docker rmi ${up.registry}/box:bench`);
  }
  const ending = performance.now();
  await up.down();
  rmSync(kubeconfig, { force: true });
  return {
    mode,
    name: contestant.name,
    returned,
    usable,
    ...(pod === undefined ? {} : { pod }),
    down: (performance.now() - ending) / 1000,
    ...(up.memory === undefined ? {} : { memory: up.memory }),
    load: loadavg()[0] ?? 0,
  };
}

/** A bad input, refused: the whole process, in ms. */
function badInput() {
  const begun = performance.now();
  spawnSync(process.execPath, ["dist/main.cjs"], { env: { ...process.env, INPUT_WAIT: "soon" } });
  return performance.now() - begun;
}

/** @param {Round[]} rounds @param {string} mode */
function table(rounds, mode) {
  const of = (/** @type {string} */ name) => rounds.filter((one) => one.mode === mode && one.name === name);
  const podsOf = (/** @type {string} */ name) =>
    of(name).flatMap(({ pod }) => (pod === undefined ? [] : [pod]));
  console.log(`\n${mode}: seconds, median (least–most) of ${of("kind alone").length} rounds\n`);
  console.log("| | returns | usable | of kind alone | first pod | of the recipe | down |");
  console.log("|---|---|---|---|---|---|---|");
  for (const { name } of contestants) {
    const usable = of(name).map((one) => one.usable);
    const pods = podsOf(name);
    const cells = [
      name,
      spread(of(name).map((one) => one.returned)),
      spread(usable),
      (median(usable) / median(of("kind alone").map((one) => one.usable))).toFixed(2),
      spread(pods),
      pods.length === 0 ? "–" : (median(pods) / median(podsOf("recipe"))).toFixed(2),
      spread(of(name).map((one) => one.down)),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

await bash(
  `docker pull --quiet busybox && docker pull --quiet registry:3 && docker pull --quiet ${options.image}`,
);
/** @type {Round[]} */
const rounds = [];
const modes = ["images local", "node image pulled"];
for (const mode of modes) {
  for (let at = 0; at < Number(options.rounds); at++) {
    // Each goes first in turn, so that nobody always meets a warm machine.
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(at + turn) % contestants.length];
      if (contestant === undefined) continue;
      const one = await round(contestant, mode);
      rounds.push(one);
      console.error(
        `${mode}, round ${at + 1}, ${one.name}: usable ${one.usable.toFixed(1)} s, pod ${one.pod?.toFixed(1) ?? "–"}, load ${one.load.toFixed(1)}`,
      );
    }
  }
}
const refusals = Array.from({ length: 11 }, badInput);
rmSync(folder, { recursive: true });
for (const mode of modes) table(rounds, mode);
console.log(
  `\nbad input refused, whole process: ${median(refusals).toFixed(0)} ms (${Math.min(...refusals).toFixed(0)}–${Math.max(...refusals).toFixed(0)})`,
);
console.log(`memory of main, most: ${Math.max(...rounds.map(({ memory }) => memory ?? 0)).toFixed(0)} MiB`);
console.log(`machine: ${cpus().length} CPUs, Node ${process.version}`);
mkdirSync(dirname(options.output), { recursive: true });
writeFileSync(
  options.output,
  JSON.stringify({ node: process.version, cpus: cpus().length, rounds, refusals }, null, 1),
);

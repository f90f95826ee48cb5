// @ts-check
// Docker on another machine, and a registry on one; see script/bench --remote.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { FarMachine } from "../far/machine.mjs";
import { deletionRounds, proofRounds } from "./remote-registry.mjs";
import { print, spread } from "./statistics.mjs";
import { tunnelNumbers } from "./tunnel.mjs";
import { usableRounds } from "./usable-afar.mjs";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    output: { type: "string", default: ".bench/remote.json" },
    image: { type: "string", default: `kindest/node:v${process.env["LAB_KUBERNETES"] ?? "1.34.0"}` },
  },
});
const rounds = Number(options.rounds);
const { image } = options;

const far = await FarMachine.start();
/** @type {Record<string, unknown>} */
const results = { node: process.version, cpus: cpus().length, rounds };
try {
  await far.pull(image, "registry:3");

  const tunnel = await tunnelNumbers(far, image, rounds);
  results["tunnel"] = tunnel;
  console.log(`\nThe tunnel over TLS, ${rounds} rounds: median (least–most)\n`);
  const rows = tunnel.map(({ what, direct, tunnel: through, digits }) => [
    what,
    spread(direct, digits),
    spread(through, digits),
  ]);
  print(["", "direct", "tunnel"], rows);

  const usable = await usableRounds(far, image, rounds);
  results["usable"] = usable;
  console.log(`\nTo usable on the far daemon, ${rounds} rounds: seconds, median (least–most)\n`);
  print(
    ["", "usable", "down", "`kubectl get --raw /readyz`, ms", "past the tunnel, ms"],
    usable.map((one) => [
      one.name,
      spread(one.usable),
      spread(one.down),
      spread(one.kubectl, 0),
      spread(one.direct, 0),
    ]),
  );

  const proof = await proofRounds(far, image, rounds);
  results["proof"] = proof;
  console.log(
    `\nA remote registry with users, Docker here, ${rounds} rounds: seconds, median (least–most)\n`,
  );
  print(
    ["", "usable"],
    proof.map((one) => [one.name, spread(one.usable)]),
  );

  const deletion = await deletionRounds(far, rounds);
  results["deletion"] = deletion;
  console.log(`\n20 tags in 20 repositories deleted: ${spread(deletion, 2)} s`);
} finally {
  await far.end();
}
console.log(`machine: ${cpus().length} CPUs, Node ${process.version}`);
mkdirSync(dirname(options.output), { recursive: true });
writeFileSync(options.output, JSON.stringify(results, null, 1));

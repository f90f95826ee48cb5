// @ts-check
// The tunnel's process as the action starts it, without an action and without a cluster: any container with perl is
// its node. For the tests of the tunnel alone, and for the benchmark.
import { fork } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";

const bundle = join(import.meta.dirname, "../../dist/tunnel-process.cjs");

/** Ports of the stand-in for a node. */
export const echoPort = 7000;
/** Sends what it is asked for (a number of bytes, in a line), then ends in good order. */
export const sourcePort = 7001;
/** Sends as much and resets. */
export const resetPort = 7002;

/** Servers in perl, which is all that a node has. A process for each connection: none waits for another. */
const servers = `
use strict; use IO::Socket::INET; use Socket qw(SOL_SOCKET SO_LINGER); $SIG{CHLD} = 'IGNORE';
sub put { my ($to, $what) = @_; my $at = 0; while ($at < length $what) { $at += syswrite($to, $what, length($what) - $at, $at) || exit } }
sub echo { my $c = shift; while (sysread($c, my $b, 65536)) { put($c, $b) } shutdown($c, 1) }
sub source { my $c = shift; my $left = <$c>; my $b = 'x' x 65536;
  while ($left > 0) { my $n = $left < 65536 ? int $left : 65536; put($c, substr($b, 0, $n)); $left -= $n } }
sub cut { my $c = shift; source($c); setsockopt($c, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)) }
sub serve { my ($port, $what) = @_;
  my $l = IO::Socket::INET->new(LocalAddr => "0.0.0.0:$port", Listen => 511, ReuseAddr => 1) or die $!;
  while (1) { my $c = $l->accept or next; next if fork; $what->($c); close $c; exit } }
fork or serve(${sourcePort}, \\&source); fork or serve(${resetPort}, \\&cut); serve(${echoPort}, \\&echo);
`;

/** Arguments of `docker run` for the stand-in. @param {string} image Any of kind's nodes. @param {string[]} options */
export const nodeStandIn = (image, ...options) => [
  "run",
  "--detach",
  ...options,
  ...["--entrypoint", "perl", image, "-e", servers],
];

/**
 * @typedef {object} CarriedTunnel
 * @property {number} pid
 * @property {(target: { host: string, port: number }) => Promise<number>} carry Resolves with a port of our loopback.
 * @property {() => string} log
 * @property {() => Promise<void>} end
 */

/**
 * @param {import("../../src/connection/daemon.ts").DaemonConnection} connection
 * @param {string} node
 * @param {string} logFile
 * @returns {CarriedTunnel}
 */
export function openTunnel(connection, node, logFile) {
  const out = openSync(logFile, "a");
  const child = fork(bundle, { detached: true, cwd: "/", stdio: ["ignore", out, out, "ipc"] });
  closeSync(out);
  let count = 0;
  return {
    pid: child.pid ?? 0,
    carry(target) {
      const id = ++count;
      return new Promise((resolve, reject) => {
        const heard = (/** @type {import("../../src/tunnel/messages.ts").Answer} */ answer) => {
          if (answer.id !== id) return;
          child.off("message", heard);
          if ("error" in answer) reject(new Error(answer.error));
          else resolve(answer.port);
        };
        child.on("message", heard);
        child.once("exit", () => reject(new Error(`the tunnel ended: ${readFileSync(logFile, "utf8")}`)));
        child.send({ id, what: "carry", connection, node, route: { name: "registry", port: 0, target } });
      });
    },
    log: () => readFileSync(logFile, "utf8"),
    end: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once("exit", () => resolve());
        child.kill("SIGTERM");
      }),
  };
}

/** MiB that a process costs, shared pages divided among their users. @param {number} pid */
export function pss(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? Number.NaN) / 1024;
}

// @ts-check
// An ssh server with a key that it takes, for the demo, the benchmark and the tests. Needs root and OpenSSH.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

/**
 * @typedef {object} SshServerOptions
 * @property {string} folder For its keys and files; made here.
 * @property {string} address
 * @property {number} [port]
 * @property {readonly string[]} [inside] What comes before the command, as nsenter's way into another network.
 * @property {readonly string[]} [rules] More lines of sshd_config.
 */

/** @param {string} program @param {string[]} args */
const sh = (program, ...args) =>
  execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/**
 * ssh looks for its files in the account's home and not in $HOME, so the `ssh` in the folder `path`, to be put first on
 * PATH, is the real one with a config of its own.
 * @param {SshServerOptions} options
 */
export function startSshServer({ folder, address, port = 22, inside = [], rules = [] }) {
  const at = (/** @type {string} */ file) => join(folder, file);
  mkdirSync(at("bin"), { recursive: true, mode: 0o700 });
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  for (const key of ["host", "user"]) sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", at(key));
  writeFileSync(at("authorized"), readFileSync(at("user.pub")));
  const name = port === 22 ? address : `[${address}]:${port}`;
  writeFileSync(at("known"), `${name} ${readFileSync(at("host.pub"), "utf8")}`);
  const server = [
    ...[
      `ListenAddress ${address}:${port}`,
      `HostKey ${at("host")}`,
      `AuthorizedKeysFile ${at("authorized")}`,
    ],
    ...["PidFile none", "PermitRootLogin prohibit-password", "PasswordAuthentication no", "StrictModes no"],
    ...["UsePAM no", ...rules],
  ];
  writeFileSync(at("sshd_config"), [...server, ""].join("\n"));
  const client = [
    ...[`IdentityFile ${at("user")}`, "IdentitiesOnly yes", `UserKnownHostsFile ${at("known")}`],
    ...["GlobalKnownHostsFile none", "StrictHostKeyChecking yes"],
  ];
  writeFileSync(at("config"), [...client, ""].join("\n"));
  const program = sh("sh", "-c", "command -v ssh").trim();
  writeFileSync(at("bin/ssh"), `#!/bin/sh\nexec ${program} -F ${at("config")} "$@"\n`, { mode: 0o755 });
  const log = openSync(at("log"), "a");
  const [command = "", ...args] = [...inside, "/usr/sbin/sshd", "-D", "-e", "-f", at("sshd_config")];
  const sshd = spawn(command, args, { detached: true, stdio: ["ignore", log, log] });
  return {
    path: at("bin"),
    pid: sshd.pid ?? 0,
    log: () => readFileSync(at("log"), "utf8"),
    stop: () => sshd.kill("SIGTERM"),
  };
}

/** Resolves when an address takes connections. @param {string} host @param {number} port */
export async function listens(host, port) {
  for (let tries = 0; tries < 200; tries++) {
    const taken = await new Promise((resolve) => {
      const socket = connect({ host, port });
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (taken) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nobody listens at ${host}:${port}`);
}

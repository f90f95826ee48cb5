// @ts-check
// A second machine for remote Docker: a network namespace made here, with a Docker daemon of its own in it that
// listens on TCP with TLS. For the demo and the e2e tests. It shares the file system, so the daemon's socket can be
// reached from this side too, while its loopback cannot. Needs root, ip, nsenter, dockerd and openssl.
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeCertificates, makeClientCertificate, makeDaemonCertificate } from "./certificates.mjs";
import { startSshServer } from "./ssh-server.mjs";

/**
 * @typedef {object} FarOptions
 * @property {string} [mirror] A registry on our loopback, as host:port, that the daemon pulls Docker Hub's images from.
 * @property {string} [runtime] Path of the OCI runtime to use, where the machine's own daemon needs another than runc.
 */

const name = "kind-ci-far";
const here = "10.231.77.1";
const there = "10.231.77.2";
const names = [`IP:${there}`, "IP:127.0.0.1", "DNS:localhost"];

/** @param {string} program @param {string[]} args */
const sh = (program, ...args) =>
  execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** @param {string} program @param {string[]} args */
function quietly(program, ...args) {
  try {
    sh(program, ...args);
  } catch {
    // it is not there
  }
}

/** The lab's mirror and runtime, where there is a lab. @returns {FarOptions} */
function labOptions() {
  const mirror = process.env["LAB_REGISTRY"];
  const runtime = JSON.parse(sh("docker", "info", "--format", "{{json .Runtimes}}")).lab?.path;
  return { ...(mirror ? { mirror } : {}), ...(runtime ? { runtime } : {}) };
}

export class FarMachine {
  host = there;
  /** Of its network. */
  namespace = name;
  /** Before a command, so that it runs in the far machine's network. */
  inside = /** @type {const} */ (["nsenter", `--net=/run/netns/${name}`]);
  /** @type {import("node:child_process").ChildProcess | undefined} */ #daemon;
  /** @type {ReturnType<typeof startSshServer> | undefined} */ #sshd;
  /** @type {import("node:net").Server | undefined} */ #mirror;
  /** @type {FarOptions} */ #options;

  /** @param {FarOptions} options */
  constructor(options) {
    this.#options = options;
    // Layers of images: on a disk, never in the memory that /tmp may be.
    mkdirSync("/var/lib/kind-ci-far", { recursive: true });
    this.folder = mkdtempSync("/var/lib/kind-ci-far/machine-");
    this.certificates = join(this.folder, "certificates");
    this.socket = join(this.folder, "docker.sock");
  }

  /** @param {FarOptions} [options] */
  static async start(options = {}) {
    const machine = new FarMachine({ ...labOptions(), ...options });
    try {
      makeNetwork();
      makeCertificates(machine.certificates, names);
      await machine.#relayMirror();
      await machine.startDaemon();
    } catch (error) {
      await machine.end();
      throw error;
    }
    return machine;
  }

  /** What selects the daemon over TLS. */
  get env() {
    return {
      DOCKER_HOST: `tcp://${there}:2376`,
      DOCKER_TLS_VERIFY: "1",
      DOCKER_CERT_PATH: this.certificates,
    };
  }

  /** The same, for what speaks to it without the docker command. */
  get connection() {
    const tls = { folder: this.certificates, verify: true };
    return /** @type {const} */ ({ kind: "tcp", host: there, port: 2376, tls });
  }

  /** A `docker` call there, past the network. @param {string[]} args */
  docker(...args) {
    return sh("docker", "--host", `unix://${this.socket}`, ...args).trim();
  }

  /** Pulls there. Not by `docker`: the mirror's relay is in this process, and must not be held up. @param {string[]} images */
  async pull(...images) {
    const docker = promisify(execFile);
    for (const image of images)
      await docker("docker", ["--host", `unix://${this.socket}`, "pull", "--quiet", image]);
  }

  /** A command in the far machine's network. @param {string[]} command */
  run(...command) {
    return sh("nsenter", `--net=/run/netns/${name}`, ...command);
  }

  async startDaemon() {
    const log = openSync(join(this.folder, "dockerd.log"), "a");
    const { mirror, runtime } = this.#options;
    const certificate = (/** @type {string} */ file) => join(this.certificates, file);
    this.#daemon = spawn(
      "nsenter",
      [
        `--net=/run/netns/${name}`,
        "dockerd",
        ...["--host", `unix://${this.socket}`, "--host", `tcp://${there}:2376`],
        ...["--tlsverify", "--tlscacert", certificate("ca.pem")],
        ...["--tlscert", certificate("server.pem"), "--tlskey", certificate("server-key.pem")],
        ...["--data-root", join(this.folder, "data"), "--exec-root", join(this.folder, "exec")],
        ...["--pidfile", join(this.folder, "pid"), "--default-address-pool", "base=172.29.0.0/16,size=24"],
        ...["--bip", "172.28.0.1/24"],
        ...(mirror === undefined ? [] : ["--registry-mirror", `http://${here}:${this.#mirrorPort()}`]),
        ...(runtime === undefined ? [] : ["--add-runtime", `lab=${runtime}`, "--default-runtime", "lab"]),
      ],
      { detached: true, stdio: ["ignore", log, log] },
    );
    for (let tries = 0; ; tries++) {
      try {
        this.docker("info", "--format", "{{.ServerVersion}}");
        return;
      } catch (error) {
        if (tries > 600 || this.#daemon.exitCode !== null)
          throw new Error(
            `the far daemon did not come up: ${readFileSync(join(this.folder, "dockerd.log"), "utf8").slice(-2000)}`,
            { cause: error },
          );
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /**
   * An ssh server on the far machine.
   * @param {readonly string[]} [rules] More lines of sshd_config.
   * @returns {{ path: string, address: string }} A folder to be put first on PATH, and what selects the daemon.
   */
  startSsh(rules = []) {
    const folder = join(this.folder, "ssh");
    this.#sshd = startSshServer({ folder, address: there, inside: this.inside, rules });
    return { path: this.#sshd.path, address: `ssh://root@${there}${this.socket}` };
  }

  /** For a host key that is not the one known, and a key that is not taken. @param {"known" | "authorized"} file */
  forgetSsh(file) {
    writeFileSync(join(this.folder, "ssh", file), "");
  }

  /**
   * Makes a certificate anew that has expired; the daemon's holds after its next start. @param {"daemon" | "client"} whose
   */
  expire(whose) {
    if (whose === "daemon") makeDaemonCertificate(this.certificates, names, -1);
    else makeClientCertificate(this.certificates, -1);
  }

  /** In good order, as a restart of the machine's Docker would. */
  async stopDaemon() {
    const daemon = this.#daemon;
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = new Promise((resolve) => daemon.once("exit", resolve));
    daemon.kill("SIGTERM");
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 30_000).unref())]);
    if (daemon.exitCode === null && daemon.signalCode === null) {
      daemon.kill("SIGKILL");
      await ended;
    }
  }

  /** Takes everything away. */
  async end() {
    try {
      const ids = this.docker("ps", "--all", "--quiet").split("\n").filter(Boolean);
      if (ids.length > 0) this.docker("rm", "--force", "--volumes", ...ids);
    } catch {
      // no daemon
    }
    await this.stopDaemon();
    this.#sshd?.stop();
    this.#mirror?.close();
    for (const target of mountsBelow(this.folder)) quietly("umount", "--lazy", target);
    rmSync(this.folder, { recursive: true, force: true });
    removeNetwork();
  }

  #mirrorPort() {
    const address = this.#mirror?.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Our loopback's mirror, for the namespace alone: the address is of a link between the two. */
  async #relayMirror() {
    const [host, port] = (this.#options.mirror ?? "").split(":");
    if (port === undefined) return;
    const server = createServer((client) => {
      const target = connect({ host, port: Number(port) });
      client.on("error", () => target.destroy());
      target.on("error", () => client.destroy());
      client.pipe(target).pipe(client);
    });
    await new Promise((resolve) => server.listen({ host: here, port: 0 }, () => resolve(undefined)));
    server.unref();
    this.#mirror = server;
  }
}

function makeNetwork() {
  removeNetwork();
  sh("ip", "netns", "add", name);
  sh("ip", "link", "add", "kindcifar0", "type", "veth", "peer", "name", "kindcifar1");
  sh("ip", "link", "set", "kindcifar1", "netns", name);
  sh("ip", "address", "add", `${here}/30`, "dev", "kindcifar0");
  sh("ip", "link", "set", "kindcifar0", "up");
  const inside = (/** @type {string[]} */ ...args) =>
    sh("nsenter", `--net=/run/netns/${name}`, "ip", ...args);
  inside("link", "set", "lo", "up");
  inside("address", "add", `${there}/30`, "dev", "kindcifar1");
  inside("link", "set", "kindcifar1", "up");
  // No traffic goes further than to this machine: dockerd only wants that there is a way out.
  inside("route", "add", "default", "via", here);
}

function removeNetwork() {
  quietly("ip", "link", "delete", "kindcifar0");
  quietly("ip", "netns", "delete", name);
}

/** The deepest first. @param {string} folder */
function mountsBelow(folder) {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((target) => target.startsWith(`${folder}/`))
    .sort()
    .reverse();
}

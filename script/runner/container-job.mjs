// @ts-check
// A job with `container:`, as GitHub's runner makes one: a network, a container with the work folder, node and the
// host's Docker socket in it, and each step a `docker exec`. For the e2e tests.
// https://github.com/actions/runner/blob/main/src/Runner.Worker/ContainerOperationProvider.cs
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Job } from "./job.mjs";

/**
 * @typedef {object} ContainerOptions
 * @property {string} image
 * @property {string} path PATH of the image.
 * @property {string[]} [options] More for `docker create`, as `options:` of the workflow.
 * @property {string} [network] What the container is on instead of a network made for it.
 * @property {readonly string[]} [daemonWithin] What comes before a command, where the daemon's network is another than ours.
 * @property {boolean} [withoutSocket] For a job whose Docker is elsewhere; the runner knows no such thing.
 */

const workspace = "/__w/project/project";

/** @param {string[]} args */
const docker = (...args) =>
  execFileSync("docker", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

export class ContainerJob extends Job {
  /** @type {{ close: () => void }[]} */ #relays = [];
  /** @type {boolean} */ #madeNetwork;
  /** @type {readonly string[]} */ #daemonWithin;

  /** @param {ContainerOptions & import("./job.mjs").JobOptions} options */
  constructor({ image, options = [], network, daemonWithin = [], withoutSocket = false, ...job }) {
    super({
      ...job,
      env: {
        HOME: "/github/home",
        GITHUB_WORKSPACE: workspace,
        RUNNER_TEMP: "/__w/_temp",
        RUNNER_TOOL_CACHE: "/__t",
        ...job.env,
      },
    });
    this.network = network ?? `github_network_${randomUUID().replaceAll("-", "")}`;
    this.#madeNetwork = network === undefined;
    this.#daemonWithin = daemonWithin;
    this.container = createHash("sha256").update(this.trackingId).digest("hex").slice(0, 32);
    const at = (/** @type {string} */ name) => join(this.folder, name);
    for (const folder of ["work/project/project", "_temp/_github_home", "_temp/_github_workflow", "_actions"])
      mkdirSync(at(folder), { recursive: true });
    this.workspace = at("work/project/project");
    mkdirSync(at("_externals/node20/bin"), { recursive: true });
    cpSync(process.execPath, at("_externals/node20/bin/node"));
    const action = at("_actions/someone/kind-ci-action/v1");
    for (const part of ["action.yml", "dist"])
      cpSync(join(super.places.action, part), join(action, part), { recursive: true });
    if (this.#madeNetwork) docker("network", "create", "--label", this.container, this.network);
    const socket = (process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock").replace("unix://", "");
    const volumes = [
      ...(withoutSocket ? [] : [`${socket}:/var/run/docker.sock`]),
      `${at("work")}:/__w`,
      `${at("_externals")}:/__e:ro`,
      `${this.temp}:/__w/_temp`,
      `${at("_actions")}:/__w/_actions`,
      `${this.toolCache}:/__t`,
      `${at("_temp/_github_home")}:/github/home`,
      `${at("_temp/_github_workflow")}:/github/workflow`,
    ];
    docker(
      ...["create", "--name", this.container, "--label", this.container, "--workdir", workspace],
      ...["--network", this.network, "-e", "HOME=/github/home", "-e", "GITHUB_ACTIONS=true", "-e", "CI=true"],
      ...volumes.flatMap((volume) => ["-v", volume]),
      ...options,
      ...["--entrypoint", "tail", image, "-f", "/dev/null"],
    );
    docker("start", this.container);
  }

  /** @override @param {string[]} command @param {Record<string, string>} env */
  launch(command, env) {
    const names = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    const args = ["exec", "-i", "--workdir", workspace, ...names, this.container, ...command];
    return spawn("docker", args, { stdio: ["ignore", "pipe", "pipe"] });
  }

  /** @override @param {string} path */
  inside(path) {
    return path.replace(this.temp, "/__w/_temp");
  }

  /** @override */
  get places() {
    return { node: "/__e/node20/bin/node", action: "/__w/_actions/someone/kind-ci-action/v1" };
  }

  /** A port of this side's loopback, for the job's network alone. @param {string} target host:port */
  async relay(target) {
    const relay = await relayTo(target, this.network, this.#daemonWithin);
    this.#relays.push(relay);
    return relay.address;
  }

  /** What the runner does when the job is over. @throws when Docker refuses, as for a network that is in use. */
  removeContainer() {
    docker("rm", "--force", this.container);
    if (this.#madeNetwork) docker("network", "rm", this.network);
  }

  /** @override */
  end() {
    for (const relay of this.#relays) relay.close();
    try {
      this.removeContainer();
    } catch {
      // it is gone already
    }
    super.end();
  }
}

/**
 * Brings a port of this side's loopback to a Docker network, at its gateway's address.
 * @param {string} target host:port
 * @param {string} network
 * @param {readonly string[]} [within] What comes before a command, where the daemon's network is another than ours.
 */
export async function relayTo(target, network, within = []) {
  const gateway = docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", network);
  const relay = join(import.meta.dirname, "relay.mjs");
  const [program = "", ...args] = [...within, process.execPath, relay, gateway, target];
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const port = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the relay ended with exit code ${code}`)));
    child.stdout.setEncoding("utf8").once("data", (text) => resolve(String(text).trim()));
  });
  return { address: `${gateway}:${port}`, close: () => child.stdin.end() };
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { stringify } from "yaml";
import type { Certificate } from "./authority.ts";

export type Major = 2 | 3;

export interface RegistryOptions {
  readonly major: Major;
  readonly tls?: Certificate;
  readonly deletion: boolean;
  readonly auth?: Readonly<Record<string, unknown>>;
  /** A network namespace and the address in it; this machine's loopback without it. */
  readonly place?: { readonly namespace: string; readonly address: string };
}

export interface RunningRegistry {
  readonly host: string;
  /** Where it keeps what it is given. */
  readonly storage: string;
  /** All it said so far. */
  log(): string;
  stop(): Promise<void>;
}

/** Runs the real program of distribution. */
export async function startRegistry(folder: string, options: RegistryOptions): Promise<RunningRegistry> {
  const storage = mkdtempSync(join(folder, "storage-"));
  const port = await freePort();
  const address = options.place?.address ?? "127.0.0.1";
  const config = {
    version: 0.1,
    log: { level: "info" },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: options.deletion } },
    http: {
      addr: `${address}:${port}`,
      ...(options.tls === undefined
        ? {}
        : { tls: { certificate: options.tls.certPath, key: options.tls.keyPath } }),
    },
    ...(options.auth === undefined ? {} : { auth: options.auth }),
  };
  const path = join(storage, "..", `config-${port}.yml`);
  writeFileSync(path, stringify(config));
  const inside = options.place === undefined ? [] : ["ip", "netns", "exec", options.place.namespace];
  const [program = "", ...args] = [...inside, programOf(options.major), "serve", path];
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], OTEL_TRACES_EXPORTER: "none" },
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (log += `${text}`));
  const running = { host: `${address}:${port}`, storage, log: () => log, stop: () => stop(child) };
  await answers(address, port, child, running.log);
  return running;
}

function programOf(major: Major): string {
  return major === 2 ? debianRegistry() : labRegistry();
}

/** Distribution 2.8, as Debian has it. */
function debianRegistry(): string {
  const found = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "docker-registry"));
  const program = found.find((path) => existsSync(path));
  if (program === undefined) throw new Error("distribution 2.8 is missing: apt-get install docker-registry");
  return program;
}

/** Distribution 3, as the lab built it. */
function labRegistry(): string {
  const given = process.env["LAB_REGISTRY_PROGRAM"];
  if (given !== undefined) return given;
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const artifacts = join(cache, "kind-ci-action/lab/artifacts");
  const folder = existsSync(artifacts)
    ? readdirSync(artifacts).find((name) => /^registry-[0-9a-f]+$/.test(name))
    : undefined;
  if (folder === undefined) throw new Error("distribution 3 is missing: run `script/lab up`");
  return join(artifacts, folder, "registry");
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function answers(address: string, port: number, child: ChildProcess, log: () => string): Promise<void> {
  for (let look = 0; look < 200; look += 1) {
    if (child.exitCode !== null) break;
    const socket = connect(port, address);
    const open = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the registry does not answer: ${log()}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
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

/** As `script/lab registries` makes them: distribution 2.8 as Debian has it, 3 built from its source. */
function programOf(major: Major): string {
  const program = process.env[major === 2 ? "LAB_REGISTRY2_PROGRAM" : "LAB_REGISTRY_PROGRAM"];
  if (program === undefined)
    throw new Error(`no registry program of version ${major}: eval "$(script/lab registries)"`);
  return program;
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

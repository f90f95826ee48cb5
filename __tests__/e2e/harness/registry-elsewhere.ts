import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Authority } from "../../integration/remote-registry/authority.ts";
import type { Pusher } from "../../integration/remote-registry/pushing.ts";
import { type RunningRegistry, startRegistry } from "../../integration/remote-registry/real-registry.ts";
import { login, pusher } from "../../integration/remote-registry/use-of-registry.ts";

/** The password of `user` in bcrypt, the only form that distribution reads. */
export const password = "correct-horse-battery";
const htpasswd = "user:$2b$04$evPzJP2YIsuUBoMmEm69z.ZgChVey2SdIwDcIJmwOoSnnU.JDvCXy\n";

/** A network of the tests' own, which nodes reach through this machine. */
const namespace = `kind-ci-${process.pid}`;
const link = `kci${process.pid % 100_000}`;
const here = "10.213.77.1";
const there = "10.213.77.2";

/** A registry on another machine, as far as the cluster can tell: TLS by a private authority, users by htpasswd. */
export interface RegistryElsewhere {
  readonly registry: RunningRegistry;
  /** `host:port` */
  readonly host: string;
  readonly caPath: string;
  /** Inputs of a step that uses it, with the prefix `team`. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Pushes and looks as a user would. */
  pusher(): Pusher;
  stop(): Promise<void>;
}

export async function registryElsewhere(): Promise<RegistryElsewhere> {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-"));
  makeNetwork();
  const authority = new Authority(folder, "authority of the tests");
  writeFileSync(join(folder, "htpasswd"), htpasswd);
  const registry = await startRegistry(folder, {
    major: 3,
    tls: authority.issue("registry", [`IP:${there}`]),
    deletion: true,
    auth: { htpasswd: { realm: "test", path: join(folder, "htpasswd") } },
    place: { namespace, address: there },
  });
  const { host } = registry;
  // As its administrator would; the action prints this and does not do it.
  const daemons = join("/etc/docker/certs.d", host);
  mkdirSync(daemons, { recursive: true });
  writeFileSync(join(daemons, "ca.crt"), authority.pem);
  return {
    registry,
    host,
    caPath: join(folder, "ca.crt"),
    inputs: {
      "remote-registry": `${host}/team`,
      "remote-registry-username": "user",
      "remote-registry-password": password,
      "remote-registry-ca": join(folder, "ca.crt"),
    },
    pusher: () => pusher({ host, ca: authority.pem, credentials: login("user", password) }),
    async stop() {
      await registry.stop();
      ip("netns", "delete", namespace);
      rmSync(daemons, { recursive: true });
      rmSync(folder, { recursive: true });
    },
  };
}

function makeNetwork(): void {
  ip("netns", "add", namespace);
  ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", namespace);
  ip("address", "add", `${here}/30`, "dev", link);
  ip("link", "set", link, "up");
  ip("-netns", namespace, "address", "add", `${there}/30`, "dev", "eth0");
  ip("-netns", namespace, "link", "set", "eth0", "up");
  ip("-netns", namespace, "link", "set", "lo", "up");
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: "pipe" });
}

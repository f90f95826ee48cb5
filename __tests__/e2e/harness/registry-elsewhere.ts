import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Authority } from "../../integration/remote-registry/authority.ts";
import type { Pusher } from "../../integration/remote-registry/pushing.ts";
import { startRegistry } from "../../integration/remote-registry/real-registry.ts";
import {
  issuer,
  service,
  startTokenServer,
  type TokenServer,
} from "../../integration/remote-registry/token-server.ts";
import { login, pusher } from "../../integration/remote-registry/use-of-registry.ts";

/** Other in a URL than in a text, so that each form of it is a form of its own. */
export const password = "correct/horse+battery";
/** In bcrypt, the only form that distribution reads. */
const htpasswd = "user:$2b$04$evPzJP2YIsuUBoMmEm69z.TorE4RBxeswPLvU/Vz6Jmm9cpO4jLhW\n";

/** Registries of this process so far: each has a network of its own. */
let made = 0;

/** A network of the tests' own, which nodes reach through this machine. */
interface Network {
  readonly namespace: string;
  /** This machine's end of the link to it. */
  readonly here: string;
  readonly there: string;
}

/** Who may use it. A token server is beside it, on this machine's end of the link. What is open to all is plain http. */
type Users = "htpasswd" | "token server" | "all";

/** A registry on another machine, as far as the cluster can tell: TLS by a private authority, one user. */
export interface RegistryElsewhere {
  /** `host:port` */
  readonly host: string;
  readonly caPath: string;
  /** Inputs of a step that uses it, with the prefix `team`. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The scopes that its token server was asked for; none where it has no token server. */
  readonly scopes: readonly string[];
  /** Pushes and looks as a user would. */
  pusher(): Pusher;
  /** Comes without a password. */
  stranger(): Pusher;
  /** Lets another machine of the tests reach it, by the same address. */
  linkTo(namespace: string): void;
  stop(): Promise<void>;
}

export async function registryElsewhere(users: Users = "htpasswd"): Promise<RegistryElsewhere> {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-"));
  const network = makeNetwork();
  const { namespace, here, there } = network;
  const authority = new Authority(folder, "authority of the tests");
  const open = users === "all";
  const tokens =
    users !== "token server"
      ? undefined
      : await startTokenServer(
          authority.issue("tokens", [`IP:${here}`]),
          { user: { password, may: ["pull", "push", "delete"] } },
          here,
        );
  const registry = await startRegistry(folder, {
    major: 3,
    deletion: true,
    ...(open ? {} : { tls: authority.issue("registry", [`IP:${there}`]), auth: authOf(folder, tokens) }),
    place: { namespace, address: there },
  });
  const { host } = registry;
  // As its administrator would; the action prints this and does not do it.
  const daemons = join("/etc/docker/certs.d", host);
  mkdirSync(daemons, { recursive: true });
  writeFileSync(join(daemons, "ca.crt"), authority.pem);
  return {
    host,
    caPath: join(folder, "ca.crt"),
    inputs: {
      "remote-registry": `${host}/team`,
      ...(open ? { "remote-registry-plain-http": "true" } : loginInputs(folder)),
    },
    scopes: tokens?.scopes ?? [],
    pusher: () => pusher({ host, ca: authority.pem, credentials: login("user", password) }),
    stranger: () => pusher({ host, ca: authority.pem, plainHttp: open }),
    linkTo: (other) => link(network, other),
    async stop() {
      await registry.stop();
      await tokens?.stop();
      ip("netns", "delete", namespace);
      rmSync(daemons, { recursive: true });
      rmSync(folder, { recursive: true });
    },
  };
}

function loginInputs(folder: string): Record<string, string> {
  return {
    "remote-registry-username": "user",
    "remote-registry-password": password,
    "remote-registry-ca": join(folder, "ca.crt"),
  };
}

function authOf(folder: string, tokens: TokenServer | undefined): Record<string, unknown> {
  if (tokens !== undefined)
    return { token: { realm: tokens.realm, service, issuer, rootcertbundle: join(folder, "ca.crt") } };
  const path = join(folder, "htpasswd");
  writeFileSync(path, htpasswd);
  return { htpasswd: { realm: "test", path } };
}

function makeNetwork(): Network {
  const at = made++;
  const network = {
    namespace: `kind-ci-${process.pid}-${at}`,
    here: `10.213.77.${4 * at + 1}`,
    there: `10.213.77.${4 * at + 2}`,
  };
  const { namespace, here, there } = network;
  const end = `kci${process.pid % 100_000}-${at}`;
  ip("netns", "add", namespace);
  ip("link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", namespace);
  ip("address", "add", `${here}/30`, "dev", end);
  ip("link", "set", end, "up");
  ip("-netns", namespace, "address", "add", `${there}/30`, "dev", "eth0");
  ip("-netns", namespace, "link", "set", "eth0", "up");
  ip("-netns", namespace, "link", "set", "lo", "up");
  return network;
}

/** A wire between the two, past this machine. It goes with either of them. */
function link({ namespace, there }: Network, other: string): void {
  const [end, far] = ["10.213.78.1", "10.213.78.2"];
  ip("-netns", other, "link", "add", "registry", "type", "veth", "peer", "name", "eth1", "netns", namespace);
  ip("-netns", namespace, "address", "add", `${end}/30`, "dev", "eth1");
  ip("-netns", namespace, "link", "set", "eth1", "up");
  ip("-netns", other, "address", "add", `${far}/30`, "dev", "registry");
  ip("-netns", other, "link", "set", "registry", "up");
  ip("-netns", other, "route", "add", there, "via", end);
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: "pipe" });
}

import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { certificate } from "../../script/far/certificates.mjs";
import { FarMachine } from "../../script/far/machine.mjs";
import { newJob } from "./harness/jobs.ts";
import { refused } from "./harness/refused.ts";

// A daemon that cannot be used: each its own message with what to do, and nothing left. Stand-ins instead of daemons,
// except for what a real one says of expired certificates.

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const withHost = (host: string, env: Record<string, string> = {}) =>
  refused(newJob({ env: { DOCKER_HOST: host, ...env } }));

test("a host that does not resolve", async () => {
  const log = await withHost("tcp://no-such-host.invalid:2376");
  expect(log).toMatch(
    /::error::.*no-such-host\.invalid.*correct the host name in DOCKER_HOST or docker-host/,
  );
});

test("a port that refuses", async () => {
  const port = await freePort();
  const log = await withHost(`tcp://127.0.0.1:${port}`);
  expect(log).toMatch(new RegExp(`::error::.*tcp://127\\.0\\.0\\.1:${port}.*dockerd --host`));
});

test("a host whose ssh refuses", async () => {
  const port = await freePort();
  const log = await refused(newJob(), { "docker-host": `ssh://root@127.0.0.1:${port}` });
  expect(log).toMatch(/::error::.*port \d+: Connection refused.*start sshd/);
});

test("a context that is not there", async () => {
  expect(await refused(newJob(), { "docker-context": "nowhere" })).toMatch(
    /::error::.*"nowhere".*docker context ls.*correct DOCKER_CONTEXT or docker-context/,
  );
});

test("docker-host and docker-context both given", async () => {
  const log = await refused(newJob(), { "docker-host": "tcp://far:2376", "docker-context": "far" });
  expect(log).toMatch(/::error::One input is wrong; nothing was touched.*docker-context/);
});

/** A stand-in for a daemon: what it says of itself, and of what is asked besides. Nothing is there. */
async function standIn(
  about: { readonly version?: object; readonly info?: object },
  answer: (method: string, path: string) => { status: number; message: string } | undefined = () => undefined,
): Promise<string> {
  const version = { Version: "28.0.0", ApiVersion: "1.48", MinAPIVersion: "1.24", ...about.version };
  const info = { OSType: "linux", CgroupVersion: "2", Architecture: "x86_64", ...about.info };
  const known: Record<string, unknown> = { "/version": version, "/info": info, "/volumes": { Volumes: [] } };
  const server = createHttpServer(({ method = "", url = "" }, response) => {
    const path = url.replace(/^\/v[\d.]+/, "").replace(/\?.*/, "");
    const refused = answer(method, path) ?? { status: 404, message: `No such object: ${path}` };
    const found = known[path] ?? (path.endsWith("/json") && path.split("/").length === 3 ? [] : undefined);
    response.setHeader("Api-Version", version.ApiVersion).setHeader("Content-Type", "application/json");
    if (path === "/_ping" || found !== undefined) response.end(JSON.stringify(found ?? "OK"));
    else response.writeHead(refused.status).end(JSON.stringify({ message: refused.message }));
  });
  return `tcp://127.0.0.1:${await portOf(server)}`;
}

test("a daemon that is too old", async () => {
  const host = await standIn({ version: { Version: "19.03.15", ApiVersion: "1.40", MinAPIVersion: "1.12" } });
  expect(await withHost(host)).toMatch(/::error::.*19\.03\.15 \(API 1\.40\).*update Docker to 20\.10/);
});

test("a daemon without cgroups that kind can use", async () => {
  const host = await standIn({ info: { CgroupVersion: "1", SecurityOptions: ["name=rootless"] } });
  expect(await withHost(host)).toMatch(/::error::.*rootless.*cgroup v1.*systemd\.unified_cgroup_hierarchy=1/);
});

test("a daemon whose disk is full", async () => {
  const message = "write /var/lib/docker/volumes/metadata.db: no space left on device";
  const host = await standIn({}, (method) => (method === "POST" ? { status: 500, message } : undefined));
  expect(await withHost(host)).toMatch(/::error::.*no space left on device.*docker system df/);
});

describe("certificates", () => {
  let folder: string;
  const at = (file: string) => join(folder, file);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "certificates-"));
    certificate(folder, { name: "ca" });
    const server = { issuer: "ca", extensions: "subjectAltName=IP:127.0.0.1" };
    certificate(folder, { name: "server", ...server });
    certificate(folder, { name: "expired", ...server, days: -1 });
    certificate(folder, { name: "elsewhere", issuer: "ca", extensions: "subjectAltName=DNS:elsewhere" });
    certificate(folder, { name: "cert", issuer: "ca", extensions: "extendedKeyUsage=clientAuth" });
    certificate(folder, { name: "other" });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A server with this certificate that takes only clients with one, and a client with these files. */
  async function meeting(server: string, files: Record<string, string>): Promise<string> {
    const tls = createHttpsServer({
      key: readFileSync(at(`${server}-key.pem`)),
      cert: readFileSync(at(`${server}.pem`)),
      ca: readFileSync(at("ca.pem")),
      requestCert: true,
      rejectUnauthorized: true,
    });
    const client = mkdtempSync(at("client-"));
    for (const [name, file] of Object.entries(files)) copyFileSync(at(file), join(client, name));
    const port = await portOf(tls);
    return await withHost(`tcp://127.0.0.1:${port}`, { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: client });
  }
  const client = { "ca.pem": "ca.pem", "cert.pem": "cert.pem", "key.pem": "cert-key.pem" };

  test.each<[string, string, Record<string, string>, RegExp]>([
    [
      "no authority",
      "server",
      { "cert.pem": "cert.pem", "key.pem": "cert-key.pem" },
      /ca\.pem.*put ca\.pem, cert\.pem/,
    ],
    [
      "no key",
      "server",
      { "ca.pem": "ca.pem", "cert.pem": "cert.pem" },
      /certificate required.*put cert\.pem and key\.pem, both/,
    ],
    ["no certificate", "server", { "ca.pem": "ca.pem" }, /certificate required.*put cert\.pem and key\.pem/],
    [
      "a key of another",
      "server",
      { ...client, "key.pem": "other-key.pem" },
      /does not match.*check DOCKER_CERT_PATH/,
    ],
    ["an expired daemon", "expired", client, /has expired.*renew the daemon's certificate/],
    ["a daemon of another name", "elsewhere", client, /DOCKER_HOST or docker-host as its certificate does/],
    [
      "another authority",
      "server",
      { ...client, "ca.pem": "other.pem" },
      /unknown authority.*ca\.pem in DOCKER/,
    ],
  ])("%s", async (_, server, files, words) => {
    expect(await meeting(server, files)).toMatch(new RegExp(`::error::.*${words.source}`));
  });
});

describe("a real daemon whose certificates have expired", () => {
  let far: FarMachine;
  beforeAll(async () => {
    far = await FarMachine.start();
  });
  afterAll(() => far?.end());

  test("the client's, then the daemon's; and one that is asked without TLS", async () => {
    expect(await withHost(far.env.DOCKER_HOST)).toMatch(/::error::.*HTTPS server.*DOCKER_TLS_VERIFY=1/);
    far.expire("client");
    expect(await withHost(far.env.DOCKER_HOST, far.env)).toMatch(
      /::error::.*(expired|bad) certificate.*renew the client's certificate/,
    );
    await far.stopDaemon();
    far.expire("daemon");
    await far.startDaemon();
    expect(await withHost(far.env.DOCKER_HOST, far.env)).toMatch(
      /::error::.*has expired.*renew the daemon's certificate/,
    );
  });
});

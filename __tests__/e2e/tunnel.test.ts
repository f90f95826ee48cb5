import { createHash, randomBytes } from "node:crypto";
import { request } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { FarMachine } from "../../script/far/machine.mjs";
import {
  type CarriedTunnel,
  echoPort,
  nodeStandIn,
  openTunnel,
  pss,
  resetPort,
  sourcePort,
} from "../../script/far/tunnel.mjs";
import { dial, echoed, listen, sha256 } from "./harness/bytes.ts";

// The tunnel alone, over TLS: a container with perl is its node, so no cluster is needed.
let far: FarMachine;
let tunnel: CarriedTunnel;
const port = { echo: 0, source: 0, reset: 0, registry: 0 };

beforeAll(async () => {
  far = await FarMachine.start();
  const image = `kindest/node:v${process.env["LAB_KUBERNETES"] ?? "1.34.0"}`;
  await far.pull(image, "registry:3");
  far.docker("network", "create", "tunnel");
  far.docker(...nodeStandIn(image, "--name", "node", "--network", "tunnel"));
  far.docker("run", "--detach", "--name", "registry", "--network", "tunnel", "registry:3");
  tunnel = openTunnel(far.connection, "node", join(far.folder, "tunnel.log"));
  const here = (there: number) => tunnel.carry({ host: "127.0.0.1", port: there });
  [port.echo, port.source, port.reset, port.registry] = await Promise.all([
    here(echoPort),
    here(sourcePort),
    here(resetPort),
    tunnel.carry({ host: "registry", port: 5000 }),
  ]);
});
afterAll(async () => {
  await tunnel?.end();
  await far?.end();
});

test("200 connections at once, each with its own data, in at most 150 MiB", async () => {
  const sockets = await Promise.all(Array.from({ length: 200 }, () => dial(port.echo)));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  const sent = sockets.map(() => randomBytes(256 * 1024));
  const back = await Promise.all(sockets.map((socket, at) => echoed(socket, sent[at] as Buffer)));
  expect(back.map(sha256)).toEqual(sent.map(sha256));
  expect(pss(tunnel.pid)).toBeLessThanOrEqual(150);
});

test("1 GB to the registry and back, with its checksum", async () => {
  const registry = `http://127.0.0.1:${port.registry}`;
  const digest = `sha256:${await digestOf(gigabyte())}`;
  const begun = await fetch(`${registry}/v2/big/blobs/uploads/`, { method: "POST" });
  const location = new URL(begun.headers.get("location") ?? "", registry);
  location.searchParams.set("digest", digest);
  const put = await new Promise<number | undefined>((resolve, reject) => {
    const headers = { "Content-Type": "application/octet-stream", "Content-Length": size };
    const asked = request(location, { method: "PUT", headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", reject);
    pipeline(Readable.from(gigabyte()), asked).catch(reject);
  });
  expect(put).toBe(201);
  const got = await fetch(`${registry}/v2/big/blobs/${digest}`);
  expect(`sha256:${await digestOf(got.body ?? [])}`).toBe(digest);
});

const size = 1_000_000_000;
const part = randomBytes(1_000_000);

/** No two parts of it are alike. */
function* gigabyte(): Generator<Buffer> {
  for (let at = 0; at < size / part.length; at++) {
    const next = Buffer.from(part);
    next.writeUInt32BE(at);
    yield next;
  }
}

async function digestOf(parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of parts) hash.update(part);
  return hash.digest("hex");
}

const megabytes = 20_000_000;

test("what the other side ends in good order arrives whole, also at a client that is far behind", async () => {
  const [quick, slow] = await Promise.all([
    listen(port.source, megabytes).heard,
    listen(port.source, megabytes, 6).heard,
  ]);
  expect(quick).toEqual({ bytes: megabytes, end: "orderly" });
  expect(slow).toEqual({ bytes: megabytes, end: "orderly" });
});

test("what the other side resets is reset here", async () => {
  expect(await listen(port.reset, 100_000).heard).toMatchObject({ end: "reset" });
});

test("a far end that is killed is a reset, for a quick client and for one that is behind", async () => {
  const clients = [listen(port.source, 10e9), listen(port.source, 10e9, 3)];
  await new Promise((resolve) => setTimeout(resolve, 1000));
  far.docker(
    "exec",
    "node",
    "sh",
    "-c",
    "kill -9 $(grep -l '[g]etaddrinfo' /proc/[0-9]*/cmdline | cut -d/ -f3)",
  );
  expect(await Promise.all(clients.map(({ heard }) => heard))).toMatchObject([
    { end: "reset" },
    { end: "reset" },
  ]);
});

test("a port where nobody listens refuses", async () => {
  const nobody = await tunnel.carry({ host: "127.0.0.1", port: 9 });
  expect(await listen(nobody, 1).heard).toEqual({ bytes: 0, end: "reset" });
});

// @ts-check
// The tunnel alone, against the same servers on a port that the far machine publishes.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { echoPort, nodeStandIn, openTunnel, pss } from "../far/tunnel.mjs";

/** @typedef {import("../far/machine.mjs").FarMachine} FarMachine */
/** @typedef {{ what: string, direct: number[], tunnel: number[], digits: number }} Row */
/** @typedef {{ host: string, port: number }} Address */

const loopback = "127.0.0.1";
const megabytes = 500;

/** @param {FarMachine} far @param {string} image @param {number} rounds @returns {Promise<Row[]>} */
export async function tunnelNumbers(far, image, rounds) {
  const published = (/** @type {number} */ port) => ["--publish", `${far.host}:${port}:${port}`];
  far.docker("network", "create", "tunnel");
  const names = ["node", "registry"];
  far.docker(...nodeStandIn(image, "--name", "node", "--network", "tunnel", ...published(echoPort)));
  far.docker(
    "run",
    "--detach",
    "--name",
    "registry",
    "--network",
    "tunnel",
    ...published(5000),
    "registry:3",
  );
  const tunnel = openTunnel(far.connection, "node", join(far.folder, "tunnel.log"));
  try {
    const echo = [
      { host: far.host, port: echoPort },
      { host: loopback, port: await tunnel.carry({ host: loopback, port: echoPort }) },
    ];
    const registry = [
      { host: far.host, port: 5000 },
      { host: loopback, port: await tunnel.carry({ host: "registry", port: 5000 }) },
    ];
    const both = async (
      /** @type {string} */ what,
      /** @type {Address[]} */ [direct, through],
      /** @type {(at: Address) => Promise<number>} */ measure,
      digits = 0,
    ) => {
      /** @type {Row} */
      const row = { what, direct: [], tunnel: [], digits };
      for (let at = 0; at < rounds; at++) {
        row.direct.push(await measure(/** @type {Address} */ (direct)));
        row.tunnel.push(await measure(/** @type {Address} */ (through)));
      }
      console.error(`${what}: ${row.direct.map(Math.round)} direct, ${row.tunnel.map(Math.round)} tunnel`);
      return row;
    };
    const digest = await blob(/** @type {Address} */ (registry[0]));
    const row = await both("new connection and an answer, ms, 20 one after the other", echo, manyOpenings, 1);
    const rows = [row];
    rows.push(await both("200 connections at once, each answered, ms", echo, allAtOnce));
    rows.push(await both(`registry to here, MB/s of ${megabytes} MB`, registry, (at) => pull(at, digest)));
    rows.push(await both(`here to registry, MB/s of ${megabytes} MB`, registry, push));
    rows.push(await memoryOf200(tunnel.pid, /** @type {Address} */ (echo[1])));
    return rows;
  } finally {
    await tunnel.end();
    far.docker("rm", "--force", "--volumes", ...names);
    far.docker("network", "rm", "tunnel");
  }
}

/** Milliseconds of the median opening, as far apart as commands are. @param {Address} at */
async function manyOpenings(at) {
  const took = [];
  for (let count = 0; count < 20; count++) {
    const begun = performance.now();
    const socket = connect({ ...at, noDelay: true });
    socket.write("x");
    await once(socket, "data");
    took.push(performance.now() - begun);
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return took.toSorted((a, b) => a - b)[took.length / 2] ?? Number.NaN;
}

/** Milliseconds until 200 that begin together all have their answer. @param {Address} at */
async function allAtOnce(at) {
  const begun = performance.now();
  const sockets = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const socket = connect({ ...at, noDelay: true });
      socket.write("x");
      await once(socket, "data");
      return socket;
    }),
  );
  const took = performance.now() - begun;
  for (const socket of sockets) socket.destroy();
  return took;
}

const content = randomBytes(1_000_000);

/** A new blob, put whole. @param {Address} at @returns {Promise<string>} its digest, as the registry says it */
async function blob(at) {
  const { createHash, randomBytes: random } = await import("node:crypto");
  const first = random(1_000_000);
  const hash = createHash("sha256").update(first);
  for (let count = 1; count < megabytes; count++) hash.update(content);
  const digest = `sha256:${hash.digest("hex")}`;
  const begun = await fetch(`http://${at.host}:${at.port}/v2/big/blobs/uploads/`, { method: "POST" });
  const location = new URL(begun.headers.get("location") ?? "", `http://${at.host}:${at.port}`);
  location.host = `${at.host}:${at.port}`;
  location.searchParams.set("digest", digest);
  const headers = { "Content-Type": "application/octet-stream", "Content-Length": megabytes * 1_000_000 };
  const asked = request(location, { method: "PUT", headers });
  const answered = once(asked, "response");
  for (let count = 0; count < megabytes; count++)
    if (!asked.write(count === 0 ? first : content)) await once(asked, "drain");
  asked.end();
  const [response] = await answered;
  response.resume();
  if (response.statusCode !== 201) throw new Error(`the registry answered ${response.statusCode}`);
  return digest;
}

/** MB/s. @param {Address} at */
async function push(at) {
  const begun = performance.now();
  await blob(at);
  return (megabytes * 1000) / (performance.now() - begun);
}

/** MB/s. @param {Address} at @param {string} digest */
async function pull(at, digest) {
  const begun = performance.now();
  const response = await new Promise((resolve, reject) => {
    request({ ...at, path: `/v2/big/blobs/${digest}`, agent: false }, resolve)
      .on("error", reject)
      .end();
  });
  let bytes = 0;
  for await (const part of response) bytes += part.length;
  if (bytes !== megabytes * 1_000_000) throw new Error(`${bytes} bytes came`);
  return (megabytes * 1000) / (performance.now() - begun);
}

/** @param {number} pid @param {Address} at @returns {Promise<Row>} */
async function memoryOf200(pid, at) {
  const sockets = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const socket = connect({ ...at, noDelay: true });
      let left = 256 * 1024;
      socket.write(Buffer.alloc(left));
      for await (const [part] of onData(socket)) {
        left -= part.length;
        if (left === 0) break;
      }
      return socket;
    }),
  );
  const memory = pss(pid);
  for (const socket of sockets) socket.destroy();
  return { what: "memory with 200 connections, MiB (PSS)", direct: [], tunnel: [memory], digits: 0 };
}

/** @param {import("node:net").Socket} socket @returns {AsyncIterable<[Buffer]>} */
async function* onData(socket) {
  for (;;) yield/** @type {[Buffer]} */ (await once(socket, "data"));
}

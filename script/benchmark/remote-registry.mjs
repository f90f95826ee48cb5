// @ts-check
// A registry on another machine: what the proof of the right to push costs, and deletion.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { action, round } from "./usable-afar.mjs";

/** @typedef {import("../far/machine.mjs").FarMachine} FarMachine */
/** @typedef {typeof import("../../src/remote-registry/registry-access.lazy.ts")} RegistryAccess */

const port = 5050;
const password = "correct-horse-battery";
/** Of that password, in bcrypt, the only form that distribution reads. */
const htpasswd = "user:$2b$04$evPzJP2YIsuUBoMmEm69z.ZgChVey2SdIwDcIJmwOoSnnU.JDvCXy\n";
const authorization = `Basic ${Buffer.from(`user:${password}`).toString("base64")}`;

/** @template T @param {FarMachine} far @param {(host: string) => Promise<T>} use */
async function withRegistry(far, use) {
  const file = join(far.folder, "htpasswd");
  writeFileSync(file, htpasswd);
  const settings = {
    REGISTRY_HTTP_ADDR: `${far.host}:${port}`,
    REGISTRY_STORAGE_DELETE_ENABLED: "true",
    REGISTRY_AUTH_HTPASSWD_REALM: "bench",
    REGISTRY_AUTH_HTPASSWD_PATH: "/htpasswd",
  };
  const env = Object.entries(settings).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const options = ["--name", "elsewhere", "--network", "host", "--volume", `${file}:/htpasswd:ro`];
  far.docker("run", "--detach", ...options, ...env, "registry:3");
  const host = `${far.host}:${port}`;
  try {
    while (!(await fetch(`http://${host}/v2/`).catch(() => undefined)))
      await new Promise((resolve) => setTimeout(resolve, 50));
    return await use(host);
  } finally {
    far.docker("rm", "--force", "--volumes", "elsewhere");
  }
}

/** Docker is here, so that nothing but the registry is elsewhere. @param {FarMachine} far @param {string} image @param {number} rounds */
export function proofRounds(far, image, rounds) {
  const dockerHost = process.env["DOCKER_HOST"];
  const options = { env: dockerHost === undefined ? {} : { DOCKER_HOST: dockerHost } };
  return withRegistry(far, async (host) => {
    const remote = {
      "remote-registry": `${host}/team`,
      "remote-registry-username": "user",
      "remote-registry-password": password,
      "remote-registry-plain-http": "true",
    };
    const contestants = [
      action("no registry", image, options, { registry: "false" }),
      action("a remote registry, its right to push proven", image, options, remote),
    ];
    const rows = contestants.map(({ name }) => ({
      name,
      .../** @type {Omit<import("./usable-afar.mjs").Row, "name">} */ ({
        usable: [],
        down: [],
        kubectl: [],
        direct: [],
      }),
    }));
    for (let at = 0; at < rounds * 2; at++) {
      // A, B, B, A: none always meets a warmer machine.
      const index = at % 4 === 0 || at % 4 === 3 ? 0 : 1;
      const [contestant, row] = [contestants[index], rows[index]];
      if (contestant === undefined || row === undefined) continue;
      await round(contestant, row);
      console.error(`${row.name}: usable ${row.usable.at(-1)?.toFixed(1)} s`);
    }
    return rows;
  });
}

/** Seconds that the deletion of a run's tag in 20 repositories takes. @param {FarMachine} far @param {number} rounds */
export function deletionRounds(far, rounds) {
  /** @type {RegistryAccess} */
  const { deleteTagAt } = createRequire(import.meta.url)("../../dist/registry-access.cjs");
  const repositories = Array.from({ length: 20 }, (_, at) => `app-${at}`);
  return withRegistry(far, async (host) => {
    const origin = `http://${host}`;
    const options = {
      registry: { host, path: "team", prefix: `${host}/team`, origin, plainHttp: true },
      credentials: /** @type {const} */ ({ kind: "password", username: "user", password }),
      source: "the benchmark",
      ca: undefined,
      env: {},
      clock: {
        now: () => performance.now(),
        sleep: (/** @type {number} */ ms) =>
          new Promise((resolve) => setTimeout(() => resolve(undefined), ms)),
      },
      logger: silent,
    };
    const took = [];
    for (let at = 0; at < rounds; at++) {
      const tag = `run-${at}`;
      for (const name of repositories) await pushTag(origin, `team/${name}`, tag);
      const begun = performance.now();
      const reports = await deleteTagAt(/** @type {any} */ (options), {
        tag,
        repositories,
        token: undefined,
        githubApiUrl: "",
      });
      took.push((performance.now() - begun) / 1000);
      for (const name of repositories)
        if ((await ask(origin, `team/${name}/manifests/${tag}`)).status !== 404)
          throw new Error(`${name} is still there: ${JSON.stringify(reports)}`);
    }
    return took;
  });
}

const silent = { info() {}, notice() {}, warning() {}, error() {}, mask() {}, group() {}, endGroup() {} };

/** @param {string} origin @param {string} path @param {RequestInit} [how] */
function ask(origin, path, how = {}) {
  return fetch(new URL(path, `${origin}/v2/`), {
    ...how,
    headers: { .../** @type {object} */ (how.headers), authorization },
  });
}

/** An image of one small layer, which no other has. @param {string} origin @param {string} repository @param {string} tag */
async function pushTag(origin, repository, tag) {
  const put = async (/** @type {string} */ text) => {
    const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    const begun = await ask(origin, `${repository}/blobs/uploads/`, { method: "POST" });
    const location = new URL(begun.headers.get("location") ?? "", origin);
    location.searchParams.set("digest", digest);
    await ask(origin, location.href, { method: "PUT", body: text });
    return { digest, size: text.length };
  };
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      ...(await put(`{"tag":"${tag} ${repository}"}`)),
    },
    layers: [],
  };
  const { status } = await ask(origin, `${repository}/manifests/${tag}`, {
    method: "PUT",
    headers: { "content-type": mediaType },
    body: JSON.stringify(manifest),
  });
  if (status !== 201) throw new Error(`the registry answered ${status}`);
}

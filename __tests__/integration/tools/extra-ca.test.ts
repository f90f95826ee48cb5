import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { expect, onTestFinished, test } from "vitest";
import { Authority } from "../remote-registry/authority.ts";
import { proxyTo } from "./connect-proxy.ts";

/** Run as a process of its own: Node.js reads NODE_EXTRA_CA_CERTS when it starts. */
const asking = `
import { networkExchange } from "./src/support/exchange.ts";
import { isUntrusted } from "./src/tools/retry.ts";
try {
  const signal = AbortSignal.timeout(20_000);
  const answer = await networkExchange(process.env)(new URL("https://dl.k8s.io/x"), { headers: {}, signal });
  for await (const part of answer.body) process.stdout.write(part);
} catch (error) {
  process.stdout.write(isUntrusted(error) ? "untrusted" : String(error));
}`;

const root = fileURLToPath(new URL("../../../", import.meta.url));

test("behind a proxy that opens TLS, its authority is trusted by NODE_EXTRA_CA_CERTS, and only by that", async () => {
  const folder = await mkdtemp(join(tmpdir(), "extra-ca-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { certPath, keyPath } = new Authority(folder, "company").issue("dl", ["DNS:dl.k8s.io"]);
  const server = createServer(
    { cert: await readFile(certPath), key: await readFile(keyPath) },
    (_request, response) => {
      response.end("hello");
    },
  );
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.close();
  });
  const { url } = await proxyTo((server.address() as AddressInfo).port);
  const program = join(folder, "ask.mjs");
  await writeFile(program, await bundled());

  const ask = async (env: Record<string, string>) =>
    (await promisify(execFile)(process.execPath, [program], { env: { https_proxy: url, ...env } })).stdout;
  expect(await ask({ NODE_EXTRA_CA_CERTS: join(folder, "ca.crt") })).toBe("hello");
  expect(await ask({})).toBe("untrusted");
});

async function bundled(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: asking, resolveDir: root, loader: "ts" },
    bundle: true,
    platform: "node",
    format: "esm",
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    write: false,
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

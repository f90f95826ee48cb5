import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { describe, expect, onTestFinished, test } from "vitest";
import { type HttpOptions, NoAnswer, registryHttp } from "../../../src/remote-registry/http.ts";
import { whyUnreachable } from "../../../src/remote-registry/unreachable.ts";
import { proxyTo } from "../tools/connect-proxy.ts";
import { Authority, type Certificate } from "./authority.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "http-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Counts the connections that are made to it. */
async function plain(answer: RequestListener) {
  const server = createServer(answer);
  const made = { connections: 0 };
  server.on("connection", () => made.connections++);
  const port = await listening(server);
  onTestFinished(() => server.closeAllConnections());
  return { made, server, url: new URL(`http://127.0.0.1:${port}/v2/`) };
}

async function secured({ certPath, keyPath }: Certificate, answer: RequestListener): Promise<number> {
  const server = createTlsServer({ cert: readFileSync(certPath), key: readFileSync(keyPath) }, answer);
  onTestFinished(() => server.closeAllConnections());
  return listening(server);
}

function open(options: Partial<HttpOptions> = {}) {
  return registryHttp({ env: {}, ...options });
}

/** What is said of an answer that did not come. */
async function whyNot(asking: Promise<unknown>): Promise<string> {
  const failure = await asking.catch((error: unknown) => error);
  if (!(failure instanceof NoAnswer)) throw new Error("there was an answer", { cause: failure });
  const registry = { origin: `http://${failure.host}`, plainHttp: true };
  return whyUnreachable(failure, { registry, caGiven: false }).seen;
}

describe("through a proxy", () => {
  test("a registry with a private authority is asked by its name, in a tunnel", async () => {
    const authority = new Authority(folder(), "private");
    const said: string[] = [];
    const port = await secured(authority.issue("r", ["DNS:registry.test"]), (request, response) => {
      request.on("data", (part) => said.push(`${part}`));
      request.on("end", () => response.writeHead(202, { location: "/upload" }).end("opened"));
    });
    const proxy = await proxyTo(port);
    const http = open({ ca: authority.pem, env: { https_proxy: proxy.url } });
    const url = new URL("https://registry.test:5000/v2/");
    const answer = await http.request({ method: "POST", url, body: "hello" });
    expect([answer.status, answer.headers("Location"), answer.text]).toEqual([202, ["/upload"], "opened"]);
    expect(said).toEqual(["hello"]);
    expect(proxy.asked).toEqual(["registry.test:5000"]);
    const stranger = open({ env: { https_proxy: proxy.url } });
    await expect(stranger.request({ method: "GET", url })).rejects.toMatchObject({
      cause: { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
    });
  });

  test("plain http goes as a whole URL; what no_proxy names goes directly", async () => {
    const { url } = await plain((request, response) => void response.end(request.headers.host));
    const proxy = await proxyTo(Number(url.port));
    const named = new URL("http://registry.test/v2/");
    const env = { http_proxy: proxy.url };
    expect((await open({ env }).request({ method: "GET", url: named })).text).toBe("registry.test");
    expect(proxy.asked).toEqual(["http://registry.test/v2/"]);
    const exempt = open({ env: { ...env, no_proxy: ".test" } });
    await expect(exempt.request({ method: "GET", url: named })).rejects.toThrow("registry.test");
    expect(proxy.asked).toHaveLength(1);
  });

  test("that lets nobody through is named, and its password is not", async () => {
    const server = createServer().on("connect", (_request, socket) =>
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
    );
    const port = await listening(server);
    const asking = open({ env: { https_proxy: `http://me:hidden-word@127.0.0.1:${port}` } });
    expect(await whyNot(asking.request({ method: "GET", url: new URL("https://registry.test/v2/") }))).toBe(
      `the proxy 127.0.0.1:${port} answers 407 for registry.test:443`,
    );
  });
});

test("authorities of NODE_EXTRA_CA_CERTS are trusted beside the one that is given", async () => {
  const [company, ours] = [new Authority(folder(), "company"), new Authority(folder(), "ours")];
  const port = await secured(company.issue("r", ["IP:127.0.0.1"]), (_request, response) => {
    response.end("hello");
  });
  const url = new URL(`https://127.0.0.1:${port}/v2/`);
  const env = { NODE_EXTRA_CA_CERTS: join(company.folder, "ca.crt") };
  expect((await open({ ca: ours.pem, env }).request({ method: "GET", url })).text).toBe("hello");
  await expect(open({ ca: ours.pem }).request({ method: "GET", url })).rejects.toThrow();
});

describe("connections", () => {
  test("are kept for what follows, and six at once are the most", async () => {
    const { made, url } = await plain((_request, response) => void setTimeout(() => response.end("x"), 50));
    const http = open();
    for (let at = 0; at < 3; at++) await http.request({ method: "GET", url });
    expect(made.connections).toBe(1);
    await Promise.all(Array.from({ length: 12 }, () => http.request({ method: "GET", url })));
    expect(made.connections).toBe(6);
  });

  test("that the server closed meanwhile are made anew", async () => {
    const { made, server, url } = await plain((_request, response) => void response.end("x"));
    const http = open();
    await http.request({ method: "GET", url });
    server.closeIdleConnections();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await http.request({ method: "GET", url })).status).toBe(200);
    expect(made.connections).toBe(2);
  });

  test("that are kept do not keep the process", async () => {
    const { url } = await plain((_request, response) => void response.end("x"));
    const program = join(folder(), "ask.mjs");
    const source = `
      import { registryHttp } from "./src/remote-registry/http.ts";
      const http = registryHttp({ env: {} });
      await http.request({ method: "GET", url: new URL(${JSON.stringify(url.href)}) });
`;
    const root = fileURLToPath(new URL("../../../", import.meta.url));
    const bundle = { bundle: true, write: false, platform: "node", format: "esm" } as const;
    const stdin = { contents: source, resolveDir: root, loader: "ts" } as const;
    const { outputFiles } = await build({ ...bundle, stdin });
    writeFileSync(program, outputFiles[0]?.contents ?? "");
    const begun = Date.now();
    await promisify(execFile)(process.execPath, [program]);
    expect(Date.now() - begun).toBeLessThan(2_500);
  });
});

describe("an answer", () => {
  test("that never ends is cut, and the connection with it", async () => {
    const { made, url } = await plain((_request, response) => {
      const more = () => {
        while (response.write("x".repeat(65_536)));
        response.once("drain", more);
      };
      more();
    });
    const http = open();
    const { text } = await http.request({ method: "GET", url });
    expect(text.length).toBeGreaterThan(4 * 1024 * 1024);
    expect(text.length).toBeLessThan(5 * 1024 * 1024);
    expect(made.connections).toBe(1);
  });

  test("that does not come, or stops halfway, is told as time that is over", async () => {
    const silent = createTcpServer();
    const silentPort = await listening(silent);
    const { url } = await plain((_request, response) => {
      response.writeHead(200, { "content-length": "10" });
      response.write("half");
    });
    const http = open();
    const addresses = [new URL(`http://127.0.0.1:${silentPort}/`), url];
    const reasons = addresses.map((where) => whyNot(http.request({ method: "GET", url: where })));
    expect(await Promise.all(reasons)).toEqual(addresses.map(({ host }) => `${host} did not answer in time`));
  });

  test("that breaks off is told as a connection that was cut", async () => {
    const { url } = await plain((_request, response) => {
      response.writeHead(200, { "content-length": "10" });
      response.write("half");
      setTimeout(() => response.destroy(), 50);
    });
    expect(await whyNot(open().request({ method: "GET", url }))).toMatch(/ cut the connection /);
  });
});

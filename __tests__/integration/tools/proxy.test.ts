import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { installTool } from "../../../src/tools/install.ts";
import { body, sha256, standIn } from "./stand-in.ts";
import { thrownBy, workshop } from "./workshop.ts";

const program = "a program";
const kind = { name: "kind", version: "v0.33.0" } as const;
const path = "/github.com/kubernetes-sigs/kind/releases/download/v0.33.0/kind-linux-amd64";

/** A proxy that brings each name to one port of loopback, and writes down what it was asked for. */
async function proxyTo(port: number): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const proxy = createServer();
  proxy.on("connect", (request, socket) => {
    asked.push(request.url ?? "");
    const far = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      far.pipe(socket).pipe(far);
    });
    socket.on("error", () => far.destroy());
    far.on("error", () => socket.destroy());
    onTestFinished(() => {
      far.destroy();
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    proxy.close();
  });
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked };
}

async function farMirror() {
  const server = await standIn({ [path]: body(program), [`${path}.sha256sum`]: body(sha256(program)) });
  return { server, proxy: await proxyTo(server.port) };
}

test.each(["http_proxy", "HTTP_PROXY"])("%s is honoured", async (name) => {
  const { server, proxy } = await farMirror();
  const { deps } = await workshop({ mirror: "http://mirror.test", env: { [name]: proxy.url } });
  expect(await installTool(kind, deps)).toMatchObject({ source: "download" });
  expect(proxy.asked).toEqual(["mirror.test:80", "mirror.test:80"]);
  expect(server.requests).toHaveLength(2);
});

test.each(["https_proxy", "HTTPS_PROXY"])("%s is honoured for the official places", async (name) => {
  const { proxy } = await farMirror();
  const { deps } = await workshop({ env: { [name]: proxy.url } });
  // The stand-in speaks no TLS, so it ends there; that it was asked is what counts.
  await thrownBy(installTool(kind, deps));
  expect(new Set(proxy.asked)).toEqual(new Set(["github.com:443"]));
});

test("loopback is asked directly", async () => {
  const { server, proxy } = await farMirror();
  const { deps } = await workshop({ mirror: server.base, env: { http_proxy: proxy.url } });
  await installTool(kind, deps);
  expect(proxy.asked).toEqual([]);
});

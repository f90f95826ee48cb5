import { expect, test } from "vitest";
import { installTool } from "../../../src/tools/install.ts";
import { proxyTo } from "./connect-proxy.ts";
import { body, sha256, standIn } from "./stand-in.ts";
import { thrownBy, workshop } from "./workshop.ts";

const program = "a program";
const kind = { name: "kind", version: "v0.33.0" } as const;
const path = "/github.com/kubernetes-sigs/kind/releases/download/v0.33.0/kind-linux-amd64";

async function farMirror() {
  const server = await standIn({ [path]: body(program), [`${path}.sha256sum`]: body(sha256(program)) });
  return { server, proxy: await proxyTo(server.port) };
}

test.each(["http_proxy", "HTTP_PROXY"])("%s is honoured", async (name) => {
  const { server, proxy } = await farMirror();
  const { deps } = await workshop({ mirror: "http://mirror.test", env: { [name]: proxy.url } });
  expect(await installTool(kind, deps)).toMatchObject({ source: "download" });
  expect(proxy.asked.toSorted()).toEqual([
    `http://mirror.test${path}`,
    `http://mirror.test${path}.sha256sum`,
  ]);
  expect(server.requests.map(({ headers }) => headers.host)).toEqual(["mirror.test", "mirror.test"]);
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

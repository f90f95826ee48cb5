import { afterAll, beforeAll, expect, test } from "vitest";
import { apiServerIn, askForApiServer } from "../../../src/resources/reach-api.ts";
import { type FakeApiServer, fakeApiServer, newAuthority } from "./api-server.ts";

let server: FakeApiServer;
beforeAll(async () => {
  server = await fakeApiServer();
});
afterAll(() => server.close());

test("an API server of this cluster's authority is ours", async () => {
  expect(await askForApiServer(server)).toEqual({ ours: true });
});

test("one of another cluster on the same port is not", async () => {
  const reach = await askForApiServer({ ...server, authority: newAuthority().cert });
  expect(reach).toMatchObject({
    ours: false,
    seen: expect.stringContaining("is not the cluster's") as string,
  });
});

test("nobody there: not ours", async () => {
  expect((await askForApiServer({ ...server, port: 1 })).ours).toBe(false);
});

test("port and authority come from kind's kubeconfig", () => {
  const data = Buffer.from("PEM").toString("base64");
  const text = `clusters: [{name: k, cluster: {server: "https://127.0.0.1:41234", certificate-authority-data: ${data}}}]`;
  expect(apiServerIn(text)).toEqual({ host: "127.0.0.1", port: 41234, authority: "PEM" });
});

test("an IPv6 address is a host without its brackets", () => {
  const text =
    'clusters: [{name: k, cluster: {server: "https://[::1]:41234", certificate-authority-data: UEVN}}]';
  expect(apiServerIn(text)).toMatchObject({ host: "::1", port: 41234 });
});

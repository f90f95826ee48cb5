import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { apiServerIn, askForApiServer } from "../../../src/resources/reach-api.ts";

let folder: string;
let server: Server;
let port: number;
const pem = (name: string) => readFileSync(join(folder, name), "utf8");

function makeCertificate(name: string): void {
  const subject = ["-subj", "/CN=kube-apiserver", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const files = ["-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.pem`)];
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  execFileSync("openssl", ["req", "-x509", ...ec, "-nodes", "-days", "1", ...subject, ...files], {
    stdio: "ignore",
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "authority-"));
  for (const name of ["ours", "other"]) makeCertificate(name);
  server = createServer({ cert: pem("ours.pem"), key: pem("ours.key") });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

test("an API server of this cluster's authority is ours", async () => {
  expect(await askForApiServer({ port, authority: pem("ours.pem") })).toEqual({ ours: true });
});

test("one of another cluster on the same port is not", async () => {
  const reach = await askForApiServer({ port, authority: pem("other.pem") });
  expect(reach).toMatchObject({
    ours: false,
    seen: expect.stringContaining("is not the cluster's") as string,
  });
});

test("nobody there: not ours", async () => {
  expect((await askForApiServer({ port: 1, authority: pem("ours.pem") })).ours).toBe(false);
});

test("port and authority come from kind's kubeconfig", () => {
  const data = Buffer.from("PEM").toString("base64");
  const text = `clusters: [{name: k, cluster: {server: "https://127.0.0.1:41234", certificate-authority-data: ${data}}}]`;
  expect(apiServerIn(text)).toEqual({ port: 41234, authority: "PEM" });
});

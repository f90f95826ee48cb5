import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { certificateText } from "../../../src/remote-registry/certificate.ts";
import { identityTokenAdvice } from "../../../src/remote-registry/credentials.ts";

function madeCertificate(): string {
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  return execFileSync("openssl", [...args, "-keyout", "/dev/null", "-subj", "/CN=test", "-days", "1"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

const noFile = () => Promise.reject(new Error("no such file"));

test("PEM text is taken as it is, and a path is read", async () => {
  const pem = madeCertificate();
  expect(await certificateText(pem, noFile)).toBe(pem);
  expect(await certificateText("ca.pem", () => Promise.resolve(pem.trimEnd()))).toBe(pem);
});

test.each([
  ["missing.pem", noFile, '"missing.pem" (no such file)'],
  ["ca.pem", () => Promise.resolve("hello"), "no certificate can be read from it"],
  ["-----BEGIN CERTIFICATE-----\nx", noFile, "PEM text (no certificate"],
])("%j is refused", async (given, readFile, words) => {
  await expect(certificateText(given, readFile)).rejects.toThrow(words);
});

test("who has only an identity token is told what to give instead", () => {
  expect(identityTokenAdvice("reg.example")).toMatch(/reg\.example.*remote-registry-username/);
});

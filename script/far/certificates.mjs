// @ts-check
// Certificates for a Docker daemon that is reached by TLS, in the files that the docker command looks for.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * An authority, the daemon's certificate and a client's, for a day.
 * @param {string} folder
 * @param {string[]} names of the daemon, as `IP:…` and `DNS:…`
 */
export function makeCertificates(folder, names) {
  mkdirSync(folder, { mode: 0o700 });
  const at = (/** @type {string} */ file) => join(folder, file);
  const openssl = (/** @type {string[]} */ ...args) => execFileSync("openssl", args, { stdio: "pipe" });
  openssl(
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "1",
    "-subj",
    "/CN=test authority",
    "-keyout",
    at("ca-key.pem"),
    "-out",
    at("ca.pem"),
  );
  const sign = (/** @type {string} */ file, /** @type {string} */ extensions) => {
    const key = file === "cert" ? "key.pem" : `${file}-key.pem`;
    writeFileSync(at(`${file}.cnf`), extensions);
    openssl(
      "req",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-subj",
      `/CN=${file}`,
      "-keyout",
      at(key),
      "-out",
      at(`${file}.csr`),
    );
    openssl(
      "x509",
      "-req",
      "-days",
      "1",
      "-in",
      at(`${file}.csr`),
      "-CA",
      at("ca.pem"),
      "-CAkey",
      at("ca-key.pem"),
      "-CAcreateserial",
      "-extfile",
      at(`${file}.cnf`),
      "-out",
      at(`${file}.pem`),
    );
  };
  sign("server", `subjectAltName=${names.join(",")}\nextendedKeyUsage=serverAuth\n`);
  sign("cert", "extendedKeyUsage=clientAuth\n");
}

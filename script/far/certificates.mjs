// @ts-check
// Certificates by openssl, for machines and tests.
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Makes `<name>.pem` and `<name>-key.pem` in a folder.
 * @param {string} folder
 * @param {object} what
 * @param {string} what.name
 * @param {string} [what.issuer] The name of an authority made before; its own without one.
 * @param {string} [what.extensions] Lines of openssl's extension file.
 * @param {number} [what.days] How long it holds; with -1 it has expired a day ago.
 */
export function certificate(folder, { name, issuer, extensions = "", days = 1 }) {
  const at = (/** @type {string} */ file) => join(folder, file);
  const openssl = (/** @type {string[]} */ ...args) => execFileSync("openssl", args, { stdio: "pipe" });
  const request = ["req", "-newkey", "rsa:2048", "-nodes", "-keyout", at(`${name}-key.pem`)];
  if (issuer === undefined) {
    const subject = ["-x509", "-days", String(days), "-subj", `/CN=${name} of the tests`];
    openssl(...request, ...subject, "-out", at(`${name}.pem`));
    return;
  }
  writeFileSync(at(`${name}.cnf`), `${extensions}\n`);
  openssl(...request, "-subj", `/CN=${name}`, "-out", at(`${name}.csr`));
  const authority = ["-CA", at(`${issuer}.pem`), "-CAkey", at(`${issuer}-key.pem`), "-CAcreateserial"];
  const files = ["-in", at(`${name}.csr`), "-extfile", at(`${name}.cnf`), "-out", at(`${name}.pem`)];
  openssl("x509", "-req", "-days", String(days), ...authority, ...files);
}

/**
 * What the docker command and its daemon look for: an authority, the daemon's certificate and a client's, for a day.
 * @param {string} folder
 * @param {string[]} names of the daemon, as `IP:…` and `DNS:…`
 */
export function makeCertificates(folder, names) {
  mkdirSync(folder, { mode: 0o700 });
  certificate(folder, { name: "ca" });
  makeDaemonCertificate(folder, names, 1);
  makeClientCertificate(folder, 1);
}

/** @param {string} folder @param {string[]} names @param {number} days */
export function makeDaemonCertificate(folder, names, days) {
  const extensions = `subjectAltName=${names.join(",")}\nextendedKeyUsage=serverAuth`;
  certificate(folder, { name: "server", issuer: "ca", extensions, days });
}

/** @param {string} folder @param {number} days */
export function makeClientCertificate(folder, days) {
  certificate(folder, { name: "cert", issuer: "ca", extensions: "extendedKeyUsage=clientAuth", days });
  renameSync(join(folder, "cert-key.pem"), join(folder, "key.pem"));
}

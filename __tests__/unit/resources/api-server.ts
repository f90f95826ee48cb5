import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";

export interface FakeApiServer {
  readonly host: string;
  readonly port: number;
  /** PEM of the authority that signed its certificate. */
  readonly authority: string;
  close(): void;
}

/** A certificate that signs itself, as the authority of one cluster would. */
export function newAuthority(): { readonly cert: string; readonly key: string } {
  const folder = mkdtempSync(join(tmpdir(), "authority-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=kube-apiserver", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const files = ["-keyout", key, "-out", cert];
  execFileSync("openssl", ["req", "-x509", ...ec, "-nodes", "-days", "1", ...subject, ...files], {
    stdio: "ignore",
  });
  const made = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  rmSync(folder, { recursive: true });
  return made;
}

/** Speaks TLS on our loopback with an authority of its own, and nothing more. */
export async function fakeApiServer(): Promise<FakeApiServer> {
  const own = newAuthority();
  const server = createServer(own);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    authority: own.cert,
    close: () => server.close(),
  };
}

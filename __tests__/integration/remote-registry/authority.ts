import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Certificate {
  readonly certPath: string;
  readonly keyPath: string;
}

/** A private certificate authority, made by openssl in `folder`. */
export class Authority {
  readonly folder: string;
  readonly pem: string;

  constructor(folder: string, name: string) {
    this.folder = folder;
    openssl(
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
      ["-subj", `/CN=${name}`, "-keyout", join(folder, "ca.key"), "-out", join(folder, "ca.crt")],
    );
    this.pem = readFileSync(join(folder, "ca.crt"), "utf8");
  }

  /** A certificate for `names` (like `IP:127.0.0.1`). */
  issue(file: string, names: readonly string[]): Certificate {
    const [keyPath, certPath] = [join(this.folder, `${file}.key`), join(this.folder, `${file}.crt`)];
    openssl(
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
      ["-subj", `/CN=${file}`, "-addext", `subjectAltName=${names.join(",")}`],
      ["-addext", "basicConstraints=critical,CA:FALSE"],
      ["-CA", join(this.folder, "ca.crt"), "-CAkey", join(this.folder, "ca.key")],
      ["-keyout", keyPath, "-out", certPath],
    );
    return { certPath, keyPath };
  }
}

function openssl(...args: readonly string[][]): void {
  execFileSync("openssl", args.flat(), { stdio: "pipe" });
}

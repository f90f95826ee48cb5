import { EnvironmentError } from "../support/errors.ts";

/** As kind and Kubernetes name their binaries. */
export type PlatformName = "linux-amd64" | "linux-arm64" | "darwin-amd64" | "darwin-arm64";

export interface Platform {
  readonly os: "linux" | "darwin";
  readonly arch: "amd64" | "arm64";
  readonly name: PlatformName;
  /** As Node.js and the runner's tool cache name it. */
  readonly nodeArch: "x64" | "arm64";
}

/**
 * The platform, from Node.js's `process.platform` and `process.arch`.
 * @throws EnvironmentError when kind has no binary for it.
 */
export function platformOf(os: string, nodeArch: string): Platform {
  if ((os === "linux" || os === "darwin") && (nodeArch === "x64" || nodeArch === "arm64")) {
    const arch = nodeArch === "x64" ? "amd64" : "arm64";
    return { os, arch, name: `${os}-${arch}`, nodeArch };
  }
  throw new EnvironmentError({
    tried: "choose the binaries of kind and kubectl for this machine",
    seen: `${os} on ${nodeArch}`,
    todo: "use a runner with Linux or macOS on x64 or arm64 (runs-on: ubuntu-latest)",
  });
}

import type { Platform } from "./platform.ts";

/** Where a program and its sum are to be had. */
export interface Place {
  readonly binary: URL;
  /** A text that begins with the sha256 sum. */
  readonly sum: URL;
  /** Where a person looks which versions there are. */
  readonly versions: string;
}

/** The official places, or the mirror's copies of them. */
export function placeOf(
  tool: { readonly name: "kind" | "kubectl"; readonly version: string },
  { os, arch }: Platform,
  mirror: string | undefined,
): Place {
  if (tool.name === "kind") {
    const binary = `kubernetes-sigs/kind/releases/download/${tool.version}/kind-${os}-${arch}`;
    return {
      binary: urlOf("github.com", binary, mirror),
      sum: urlOf("github.com", `${binary}.sha256sum`, mirror),
      versions: "https://github.com/kubernetes-sigs/kind/releases",
    };
  }
  const binary = `release/${tool.version}/bin/${os}/${arch}/kubectl`;
  return {
    binary: urlOf("dl.k8s.io", binary, mirror),
    sum: urlOf("dl.k8s.io", `${binary}.sha256`, mirror),
    versions: "https://kubernetes.io/releases/",
  };
}

/** What GitHub says of a kind release, with the notes in `body`. */
export function releaseUrl(kindVersion: string, mirror: string | undefined): URL {
  return urlOf("api.github.com", `repos/kubernetes-sigs/kind/releases/tags/${kindVersion}`, mirror);
}

/** `<mirror>/<host>/<path>` stands for `https://<host>/<path>`. */
function urlOf(host: string, path: string, mirror: string | undefined): URL {
  return new URL(mirror === undefined ? `https://${host}/${path}` : `${mirror}/${host}/${path}`);
}

import { expect, test } from "vitest";
import {
  apiUrl,
  dockerConfigKey,
  partsOf,
  remoteRegistry,
  repositoryUnder,
} from "../../../src/remote-registry/reference.ts";

test.each([
  ["kindest/node:v1.34.4@sha256:abc", "docker.io", "kindest/node"],
  ["node", "docker.io", "library/node"],
  ["ghcr.io/org/node:v1", "ghcr.io", "org/node"],
  ["localhost:5000/node", "localhost:5000", "node"],
  ["localhost/node:1", "localhost", "node"],
  ["10.0.0.5:5000/a/b@sha256:abc", "10.0.0.5:5000", "a/b"],
])("%s is in %s", (reference, host, repository) => {
  expect(partsOf(reference)).toEqual({ host, repository });
});

test.each<[host: string, path: string, plainHttp: boolean, prefix: string, url: string, key: string]>([
  ["ghcr.io", "org/repo", false, "ghcr.io/org/repo", "https://ghcr.io/v2/org/repo/app/tags/list", "ghcr.io"],
  [
    "docker.io",
    "org",
    false,
    "docker.io/org",
    "https://registry-1.docker.io/v2/org/app/tags/list",
    "https://index.docker.io/v1/",
  ],
  [
    "index.docker.io",
    "org",
    false,
    "index.docker.io/org",
    "https://registry-1.docker.io/v2/org/app/tags/list",
    "https://index.docker.io/v1/",
  ],
  ["10.0.0.5:5000", "", true, "10.0.0.5:5000", "http://10.0.0.5:5000/v2/app/tags/list", "10.0.0.5:5000"],
  [
    "localhost:5000",
    "",
    false,
    "localhost:5000",
    "https://localhost:5000/v2/app/tags/list",
    "localhost:5000",
  ],
  [
    "reg.example:443",
    "a",
    false,
    "reg.example:443/a",
    "https://reg.example/v2/a/app/tags/list",
    "reg.example:443",
  ],
])("%s/%s", (host, path, plainHttp, prefix, url, key) => {
  const registry = remoteRegistry({ host, path }, plainHttp);
  expect(registry.prefix).toBe(prefix);
  expect(apiUrl(registry, `${repositoryUnder(registry, "app")}/tags/list`).href).toBe(url);
  // Requests go with credentials only where the origins are equal.
  expect(apiUrl(registry, "x").origin).toBe(registry.origin);
  expect(dockerConfigKey(host)).toBe(key);
});

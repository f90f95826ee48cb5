import { describe, expect, test } from "vitest";
import { proxyFor } from "../../../src/support/proxy.ts";

const https = "https://github.com/x";
const http = "http://mirror.test:8080/x";

describe("the proxy for a URL", () => {
  test.each([
    ["none", {}, https, undefined],
    ["https_proxy", { https_proxy: "http://p:1" }, https, "http://p:1"],
    ["HTTPS_PROXY", { HTTPS_PROXY: "http://p:1" }, https, "http://p:1"],
    [
      "the lower case wins",
      { https_proxy: "http://low:1", HTTPS_PROXY: "http://up:1" },
      https,
      "http://low:1",
    ],
    ["an empty one is none", { https_proxy: "", HTTPS_PROXY: "http://up:1" }, https, "http://up:1"],
    ["http_proxy is not for https", { http_proxy: "http://p:1" }, https, undefined],
    ["https_proxy is not for http", { https_proxy: "http://p:1" }, http, undefined],
    ["without a scheme", { http_proxy: "p:3128" }, http, "http://p:3128"],
    ["no_proxy", { https_proxy: "http://p:1", no_proxy: "a.test,github.com" }, https, undefined],
    ["NO_PROXY with spaces", { https_proxy: "http://p:1", NO_PROXY: "a.test, github.com" }, https, undefined],
    ["no_proxy for all", { https_proxy: "http://p:1", no_proxy: "*" }, https, undefined],
    [
      "a domain and its subdomains",
      { https_proxy: "http://p:1", no_proxy: "github.com" },
      "https://api.github.com/",
      undefined,
    ],
    ["a dot: subdomains alone", { https_proxy: "http://p:1", no_proxy: ".github.com" }, https, "http://p:1"],
    [
      "a dot: a subdomain",
      { https_proxy: "http://p:1", no_proxy: ".github.com" },
      "https://api.github.com/",
      undefined,
    ],
    [
      "the end of a name is no domain",
      { https_proxy: "http://p:1", no_proxy: "hub.com" },
      https,
      "http://p:1",
    ],
    ["that port", { http_proxy: "http://p:1", no_proxy: "mirror.test:8080" }, http, undefined],
    ["another port", { http_proxy: "http://p:1", no_proxy: "mirror.test:80" }, http, "http://p:1"],
    ["loopback by name", { http_proxy: "http://p:1" }, "http://localhost:5/", undefined],
    ["loopback by number", { http_proxy: "http://p:1" }, "http://127.0.0.1:5/", undefined],
    ["loopback in IPv6", { http_proxy: "http://p:1" }, "http://[::1]:5/", undefined],
  ])("%s", (_title, env, url, expected) => {
    expect(proxyFor(new URL(url), env)).toBe(expected);
  });
});

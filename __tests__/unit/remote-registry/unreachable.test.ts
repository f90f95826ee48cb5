import { expect, test } from "vitest";
import { NoAnswer } from "../../../src/remote-registry/http.ts";
import { isHttpsPortAnswer, whyUnreachable } from "../../../src/remote-registry/unreachable.ts";
import { ProxyRefusal } from "../../../src/support/exchange.ts";

const coded = (code: string, message = "failed", options?: ErrorOptions) =>
  Object.assign(new Error(message, options), { code });
const timeout = Object.assign(new Error("The operation was aborted due to timeout"), {
  name: "TimeoutError",
});

const url = new URL("https://reg.example:5000/v2/");
const registry = { origin: url.origin, plainHttp: false };

test.each<[what: string, error: unknown, seen: RegExp, todo: RegExp]>([
  ["no such host", coded("ENOTFOUND"), /there is no host reg\.example \(ENOTFOUND\)/, /spelled right/],
  ["a name server that does not answer", coded("EAI_AGAIN"), /there is no host/, /DNS/],
  ["refused", coded("ECONNREFUSED"), /nothing answers at reg\.example:5000/, /port/],
  [
    "refused on both families",
    new AggregateError([coded("ECONNREFUSED"), coded("ECONNREFUSED")]),
    /nothing answers/,
    /port/,
  ],
  ["a private authority", coded("DEPTH_ZERO_SELF_SIGNED_CERT"), /does not know/, /remote-registry-ca/],
  [
    "the same, wrapped",
    new TypeError("fetch failed", { cause: coded("SELF_SIGNED_CERT_IN_CHAIN") }),
    /does not know/,
    /remote-registry-ca/,
  ],
  ["an old certificate", coded("CERT_HAS_EXPIRED"), /out of its time/, /renew/],
  ["another name", coded("ERR_TLS_CERT_ALTNAME_INVALID"), /for other names/, /subject alternative names/],
  [
    "plain http at an https port",
    coded("EPROTO", "wrong version number"),
    /does not speak TLS/,
    /remote-registry-plain-http: true/,
  ],
  [
    "OpenSSL's own code for it",
    coded("ERR_SSL_WRONG_VERSION_NUMBER"),
    /does not speak TLS/,
    /remote-registry-plain-http: true/,
  ],
  ["no connection in time", coded("ETIMEDOUT"), /did not answer in time/, /firewall/],
  ["no answer in time", timeout, /did not answer in time/, /proxy/],
  ["a connection cut", coded("ECONNRESET", "socket hang up"), /cut the connection/, /log/],
  [
    "a proxy's no",
    new ProxyRefusal(new URL("http://proxy:3128"), "reg.example:5000", 407),
    /^the proxy proxy:3128 answers 407 for reg.example:5000$/,
    /https_proxy/,
  ],
  ["anything else", new Error("strange"), /^strange$/, /curl/],
  ["no error at all", "odd", /^odd$/, /curl/],
])("%s", (_what, error, seen, todo) => {
  const words = whyUnreachable(new NoAnswer(url, error), { registry, caGiven: false });
  expect(words.seen).toMatch(seen);
  expect(words.todo).toMatch(todo);
});

test.each(["ENOTFOUND", "ECONNREFUSED", "EPROTO"])("a token server by %s is not the registry", (code) => {
  const error = new NoAnswer(new URL("https://auth.example/token"), coded(code));
  const { seen, todo } = whyUnreachable(error, { registry, caGiven: false });
  expect(seen).toContain("auth.example");
  expect(todo).toBe("see that this machine reaches auth.example, which reg.example:5000 needs");
});

test("an authority that was given and is another's", () => {
  const error = coded("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  const words = whyUnreachable(new NoAnswer(url, error), { registry, caGiven: true });
  expect(words.seen).toContain("not signed by the authority in remote-registry-ca");
});

test.each([
  ["Client sent an HTTP request to an HTTPS server.\n", true],
  ["<h1>400 Bad Request</h1>The plain HTTP request was sent to HTTPS port", true],
  ["Bad Request", false],
])("%j is a https port's answer: %s", (text, is) => {
  expect(isHttpsPortAnswer(text)).toBe(is);
});

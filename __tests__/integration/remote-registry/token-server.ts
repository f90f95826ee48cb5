import { createPrivateKey, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { Certificate } from "./authority.ts";

export interface TokenUser {
  readonly password: string;
  /** What it may do in a repository; the rest of what is asked for is left out silently, as the specification has it. */
  readonly may: readonly string[];
}

export interface TokenServer {
  readonly realm: string;
  /** The scopes asked for, in order. */
  readonly scopes: string[];
  stop(): Promise<void>;
}

export const service = "test-registry";
export const issuer = "test-issuer";

/**
 * A token server after https://distribution.github.io/distribution/spec/auth/token/: JSON web tokens, signed with the
 * certificate's key and carrying the certificate, so that a registry with its authority believes them.
 */
export async function startTokenServer(
  certificate: Certificate,
  users: Readonly<Record<string, TokenUser>>,
  address = "127.0.0.1",
): Promise<TokenServer> {
  const cert = readFileSync(certificate.certPath, "utf8");
  const key = readFileSync(certificate.keyPath, "utf8");
  const scopes: string[] = [];
  const server = createServer({ cert, key }, (request, response) => {
    const [name = "", password] = Buffer.from(
      (request.headers.authorization ?? "").replace("Basic ", ""),
      "base64",
    )
      .toString()
      .split(":");
    const user = users[name];
    if (user === undefined || user.password !== password) {
      response.writeHead(401).end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
      return;
    }
    const asked = new URL(request.url ?? "", "https://x").searchParams.getAll("scope");
    scopes.push(...asked);
    const token = jwt(
      cert,
      key,
      name,
      asked.flatMap((scope) => access(scope, user)),
    );
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ token, expires_in: 300 }));
  }).listen(0, address);
  await once(server, "listening");
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("no port");
  return {
    realm: `https://${address}:${bound.port}/token`,
    scopes,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function access(scope: string, user: TokenUser) {
  const [type = "", name = "", actions = ""] = scope.split(":");
  const granted =
    type === "registry" ? ["*"] : actions.split(",").filter((action) => user.may.includes(action));
  return granted.length === 0 ? [] : [{ type, name, actions: granted }];
}

function jwt(cert: string, key: string, subject: string, granted: readonly object[]): string {
  const der = cert.replaceAll(/-----[^-]+-----|\s/g, "");
  const now = Math.floor(Date.now() / 1000);
  const header = { typ: "JWT", alg: "ES256", x5c: [der] };
  const times = { iat: now, nbf: now - 10, exp: now + 300, jti: randomUUID() };
  const claims = { iss: issuer, sub: subject, aud: service, ...times, access: granted };
  const signed = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = sign("sha256", Buffer.from(signed), {
    key: createPrivateKey(key),
    dsaEncoding: "ieee-p1363",
  });
  return `${signed}.${signature.toString("base64url")}`;
}

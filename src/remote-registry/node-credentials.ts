import { kubeletConfigPath } from "../docker/node-paths.ts";
import type { PasswordCredentials } from "./credentials.ts";
import { dockerConfigKey } from "./reference.ts";
import { basicAuth } from "./secrets.ts";

/** A file on each node. */
export interface NodeFile {
  readonly path: string;
  readonly text: string;
  /** Its permissions, like 0o600. */
  readonly mode: number;
}

export interface NodeLogin {
  /** `host[:port][/path]`; the kubelet takes the login with the longest path that fits the image. */
  readonly registry: string;
  readonly credentials: PasswordCredentials;
}

/**
 * The kubelet's logins for these registries, and for no others: never the user's whole Docker configuration. In
 * plain `auths`, since the kubelet calls no helper programs, and where it looks first. It keeps what it read for five minutes.
 * https://github.com/kubernetes/kubernetes/blob/master/pkg/credentialprovider/config.go
 */
export function kubeletLogins(logins: readonly NodeLogin[]): NodeFile {
  const auths = Object.fromEntries(
    logins.map(({ registry, credentials }) => [dockerConfigKey(registry), { auth: basicAuth(credentials) }]),
  );
  return { path: kubeletConfigPath, text: `${JSON.stringify({ auths }, undefined, 2)}\n`, mode: 0o600 };
}

/** How a registry is spoken to, as far as that must be set up. */
export interface RegistryTrust {
  /** With its port, as image references name it. */
  readonly host: string;
  readonly plainHttp: boolean;
  /** PEM text of its private authority. */
  readonly ca: string | undefined;
}

/**
 * What containerd on the nodes needs to pull from a registry with a private authority or plain http: a hosts.toml
 * (read at each pull) and the certificate. Nothing for others.
 * https://github.com/containerd/containerd/blob/main/docs/hosts.md
 */
export function containerdFiles({ host, plainHttp, ca }: RegistryTrust, certsFolder: string): NodeFile[] {
  if (!needsSetup({ host, plainHttp, ca })) return [];
  const folder = `${certsFolder}/${host}`;
  const url = tomlString(`${plainHttp ? "http" : "https"}://${host}`);
  const lines = [`server = ${url}`, "", `[host.${url}]`, '  capabilities = ["pull", "resolve"]'];
  const certificate = { path: `${folder}/ca.crt`, text: ca ?? "", mode: 0o644 };
  const withCertificate = !plainHttp && ca !== undefined;
  if (withCertificate) lines.push(`  ca = ${tomlString(certificate.path)}`);
  const hosts = { path: `${folder}/hosts.toml`, text: `${lines.join("\n")}\n`, mode: 0o644 };
  return withCertificate ? [certificate, hosts] : [hosts];
}

/**
 * A BuildKit configuration with which a builder can push there. `caPath` is the certificate's file on this
 * machine; `docker buildx create` copies it into the builder.
 */
export function buildkitToml({ host, plainHttp }: RegistryTrust, caPath: string | undefined): string {
  const lines = [
    "# Made by kind-ci-action: how BuildKit reaches the job's registry.",
    `[registry.${tomlString(host)}]`,
  ];
  if (plainHttp) lines.push("  http = true");
  else if (caPath !== undefined) lines.push(`  ca = [${tomlString(caPath)}]`);
  return `${lines.join("\n")}\n`;
}

/**
 * What the Docker daemon would need for `docker push` to that registry. We do not touch the daemon: it is not
 * ours alone. Undefined where it needs nothing.
 */
export function daemonAdvice(trust: RegistryTrust): string | undefined {
  const { host, plainHttp } = trust;
  if (!needsSetup(trust)) return undefined;
  if (!plainHttp) {
    return `for \`docker push\` the Docker daemon needs the authority's certificate in /etc/docker/certs.d/${host}/ca.crt on its machine (no restart); the nodes and BuildKit are set up`;
  }
  // The daemon takes all of 127.0.0.0/8 for insecure by itself (moby, daemon/pkg/registry/config.go).
  if (/^127\.|^localhost(:|$)|^\[::1\]/.test(host)) return undefined;
  return `for \`docker push\` the Docker daemon needs "insecure-registries": ["${host}"] in its daemon.json, and to be told (\`kill -HUP\` or a restart); the nodes and BuildKit are set up`;
}

function needsSetup({ plainHttp, ca }: RegistryTrust): boolean {
  return plainHttp || ca !== undefined;
}

/** A basic string of TOML is JSON's, but for DEL. */
function tomlString(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007F");
}

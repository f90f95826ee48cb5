import type {
  CacheScope,
  ConfigSource,
  EndpointSettings,
  KubernetesVersion,
  RemoteRegistryPrefix,
} from "./settings.ts";

/** A value that was not accepted: what would have been, as the reader is told. */
export class Refusal {
  readonly allowed: string;
  constructor(allowed: string) {
    this.allowed = allowed;
  }
}

/** Reads one value. The text is trimmed and not empty. */
export type ValueParser<T> = (text: string) => T | Refusal;

/** The one form of every text that is taken as it is, on one line. */
export function oneLine(what: string): ValueParser<string> {
  return (text) => (/[\r\n\0]/.test(text) ? new Refusal(`${what}, on one line`) : text);
}

export function anyText(text: string): string {
  return text;
}

export function oneOf<const T extends string>(...allowed: readonly T[]): ValueParser<T> {
  return (text) => allowed.find((value) => value === text) ?? new Refusal(listed(allowed));
}

function listed(values: readonly string[]): string {
  return `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}

/** The forms of YAML's core schema, as the toolkit takes them. */
export function trueOrFalse(text: string): boolean | Refusal {
  if (["true", "True", "TRUE"].includes(text)) return true;
  if (["false", "False", "FALSE"].includes(text)) return false;
  return new Refusal("true or false");
}

export function cacheScope(text: string): CacheScope | Refusal {
  if (trueOrFalse(text) === false) return "none";
  if (text === "tools" || text === "all") return text;
  const forms = "false, tools or all";
  return new Refusal(trueOrFalse(text) === true ? `${forms}; instead of true, say what to keep` : forms);
}

const secondsIn = { h: 3600, m: 60, s: 1 } as const;
/** Longer waits help nobody, and timers cannot count beyond 24 days. */
const longestHours = 24;

/** `90s`, `2m`, `1m30s`, `1h` or `0`, in milliseconds. */
export function duration(text: string): number | Refusal {
  if (text === "0") return 0;
  if (/^\d+$/.test(text)) return new Refusal(`a duration with its unit: ${text}s for ${text} seconds`);
  const match = /^(?:(?<h>\d+)h)?(?:(?<m>\d+)m)?(?:(?<s>\d+)s)?$/.exec(text);
  if (match === null) return new Refusal("a duration like 90s, 2m, 1m30s or 0");
  const { h = "0", m = "0", s = "0" } = match.groups ?? {};
  const seconds = Number(h) * secondsIn.h + Number(m) * secondsIn.m + Number(s) * secondsIn.s;
  if (seconds > longestHours * secondsIn.h) return new Refusal(`at most ${longestHours}h`);
  return seconds * 1000;
}

export function port(text: string): number | Refusal {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= 65535 ? value : new Refusal("a port from 1 to 65535");
}

const wholeNumber = "(?:0|[1-9]\\d{0,5})";
const fullVersion = new RegExp(`^v?(${wholeNumber}\\.${wholeNumber}\\.${wholeNumber})$`);
const minorVersion = new RegExp(`^v?(1\\.${wholeNumber})$`);

/** `0.33.0` or `v0.33.0`, as `v0.33.0`. */
export function release(example: string): ValueParser<string> {
  return (text) => {
    const version = fullVersion.exec(text)?.[1];
    return version === undefined
      ? new Refusal(`a full version, like ${example} or v${example}`)
      : `v${version}`;
  };
}

export function kubernetesVersion(text: string): KubernetesVersion | Refusal {
  if (text === "latest") return { kind: "latest" };
  const exact = fullVersion.exec(text)?.[1];
  if (exact !== undefined) return { kind: "exact", version: exact };
  const forms = "1.34, v1.34.4 or latest";
  const minor = minorVersion.exec(text)?.[1];
  if (minor === undefined) return new Refusal(forms);
  // kind never had images for minors of one digit, so this is a number that lost its zero on the way.
  if (/^1\.[1-9]$/.test(minor)) return new Refusal(`${forms}; quote it: YAML reads ${minor}0 as ${minor}`);
  return { kind: "minor", minor };
}

const label = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";
const hostName = new RegExp(`^${label}(?:\\.${label})*$`);

/** Linux's 64 for a host name, less `-external-load-balancer`, the longest that kind appends. */
const longestClusterName = 41;

export function clusterName(text: string): string | Refusal {
  if (text.length > longestClusterName) {
    return new Refusal(`at most ${longestClusterName} characters (this has ${text.length})`);
  }
  if (hostName.test(text)) return text;
  return new Refusal(
    'lower-case letters and digits, with single "." or any "-" between them; not at the start or end',
  );
}

/** A container's name that pods can use as a host's. */
export function containerName(text: string): string | Refusal {
  if (text.length >= 2 && text.length <= 63 && hostName.test(text)) return text;
  return new Refusal(
    'a name of 2 to 63 lower-case letters and digits, "." and "-" between them (it becomes a host name)',
  );
}

// The grammar of github.com/distribution/reference, reference/regexp.go.
const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const repositoryPath = `${component}(?:/${component})*`;
const host = `(?:${label}(?:\\.${label})*|\\[[0-9a-f:]+\\])(?::\\d{1,5})?`;
const tagAndDigest = "(?::\\w[\\w.-]{0,127})?(?:@sha256:[0-9a-f]{64}|@sha512:[0-9a-f]{128})?";
const reference = new RegExp(`^(?:${host}/)?${repositoryPath}${tagAndDigest}$`);

export function imageReference(text: string): string | Refusal {
  if (text.length <= 500 && reference.test(text)) return text;
  return new Refusal("an image reference, like kindest/node:v1.34.0, with @sha256:… where it is pinned");
}

const prefixForm = new RegExp(`^(?<host>${host})(?:/(?<path>${repositoryPath}))?$`);
const dockerHubHosts = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/** `host[:port][/path]`, to be put before `/name:tag`. */
export function registryPrefix(text: string): RemoteRegistryPrefix | Refusal {
  const form = "host[:port][/path], like ghcr.io/org/repo";
  if (text.includes("://")) return new Refusal(`${form}; without a scheme like https://`);
  if (text.endsWith("/")) return new Refusal(`${form}; without the slash at its end`);
  const groups = prefixForm.exec(text)?.groups;
  if (groups === undefined) {
    const lower = text.toLowerCase();
    return new Refusal(lower !== text && prefixForm.test(lower) ? `lower-case letters only: ${lower}` : form);
  }
  const { host: name = "", path = "" } = groups;
  // So does the docker command tell a host from an organisation on Docker Hub.
  if (!/[.:]/.test(name) && name !== "localhost") {
    return new Refusal(
      `${form}; a host has a dot or a port (for an organisation on Docker Hub: docker.io/${text})`,
    );
  }
  if (path === "" && dockerHubHosts.includes(name)) {
    return new Refusal(`a path for Docker Hub, like ${name}/org`);
  }
  return { host: name, path };
}

const repository = new RegExp(`^${repositoryPath}$`);

/** One repository a line, or `*` alone; blank lines and repetitions are dropped. */
export function repositories(text: string): readonly string[] | Refusal {
  const names = [...new Set(text.split("\n").map((line) => line.trim()))].filter((line) => line !== "");
  if (names.includes("*")) return names.length === 1 ? names : new Refusal("* alone, or repositories");
  const wrong = names.find((name) => !repository.test(name));
  if (wrong === undefined) return names;
  return new Refusal(
    `one repository a line, in lower case, without host and tag, or * alone; ${quoted(wrong)} is none`,
  );
}

/** An http or https URL, without the slash at its end. */
export function mirrorUrl(text: string): string | Refusal {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || /\s/.test(text)) {
    return new Refusal("an http or https URL, like https://mirror.example.com/base");
  }
  if (url.username !== "" || url.password !== "") return new Refusal("a URL without credentials in it");
  if (/[?#]/.test(text)) return new Refusal("a URL without ? and #: paths are appended to it");
  return text.replace(/\/+$/, "");
}

export function filePath(text: string): string | Refusal {
  if (/[\r\n\0]/.test(text)) return new Refusal("the path of a file, on one line");
  if (/^~(?:\/|$)/.test(text)) {
    return new Refusal("a path from the working directory or from /; ~ stands for nothing here");
  }
  return text;
}

/** What reads as YAML is taken for the configuration itself; anything else is the path of a file. */
export function configSource(text: string): ConfigSource | Refusal {
  if (/\n|: |^\{/.test(text)) return { kind: "inline", text };
  const path = filePath(text);
  return path instanceof Refusal ? path : { kind: "file", path };
}

/** PEM text, or the path of a file with it. */
export function certificate(text: string): string | Refusal {
  if (text.includes("PRIVATE KEY-----")) return new Refusal("certificates only, no private key");
  if (text.startsWith("-----BEGIN CERTIFICATE-----")) return text;
  const path = filePath(text);
  return path instanceof Refusal || text.includes("-----")
    ? new Refusal("PEM text that starts with -----BEGIN CERTIFICATE-----, or the path of a file with it")
    : path;
}

/** User names travel as `name:password`. */
export function username(text: string): string | Refusal {
  return /[:\s]/.test(text) ? new Refusal("a user name without colon and space") : text;
}

/** The addresses that the docker command's --host takes; without a scheme it means tcp. */
export function dockerHost(text: string): EndpointSettings | Refusal {
  const forms = "unix:///path, tcp://host:port or ssh://user@host";
  if (/\s/.test(text)) return new Refusal(forms);
  if (/^unix:\/\/\/./.test(text)) return { kind: "host", host: text };
  const address = text.includes("://") ? text : `tcp://${text}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || url.hostname === "") return new Refusal(forms);
  if (url.password !== "") return new Refusal(`${forms}; never with a password in it`);
  if (url.protocol === "ssh:") return { kind: "host", host: address };
  if (url.protocol !== "tcp:" || url.username !== "") return new Refusal(forms);
  return url.port === "" ? new Refusal(`${forms}; tcp with its port`) : { kind: "host", host: address };
}

/** The rule of the docker command (cli/context/store). */
export function dockerContext(text: string): EndpointSettings | Refusal {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/.test(text)) return { kind: "context", context: text };
  return new Refusal("the name of a context that docker context ls shows");
}

/** A value as a message shows it: one line, not too long, what may be credentials in it hidden. */
export function quoted(text: string): string {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.length > 1) return `(a text of ${lines.length} lines)`;
  const shown = text.replaceAll(/\S*:\S*@(?!sha)/g, "(hidden)@");
  return `“${shown.length <= 100 ? shown : `${shown.slice(0, 100)}…`}”`;
}

import type { Problem } from "../support/errors.ts";
import { type InputName, isSecret } from "./option-table.ts";
import { isGiven, type RawInputs, textOf } from "./raw-inputs.ts";
import { quoted, trueOrFalse } from "./values.ts";

const registryInputs = ["registry-name", "registry-port", "registry-image"] as const;
const remoteRegistryInputs = [
  "remote-registry-username",
  "remote-registry-password",
  "remote-registry-ca",
  "remote-registry-plain-http",
  "on-missing-credentials",
  "delete-images",
] as const;

/** Inputs that exclude each other, or that say nothing without another. One of such a pair would be ignored. */
export function contradictions(raw: RawInputs): readonly Problem[] {
  return [
    ...bothGiven("kubernetes-version", "node-image", raw, "one of the two; an image holds its version"),
    ...bothGiven("docker-host", "docker-context", raw, "one of the two"),
    ...withoutRegistry(raw),
    ...withoutRemoteRegistry(raw),
    ...strategyBesideRemoteRegistry(raw),
    ...bothGiven("remote-registry-ca", "remote-registry-plain-http", raw, "one of the two; http has no TLS"),
    ...halfCredentials(raw),
    ...repositoriesWithPrefix(raw),
  ];
}

function bothGiven(one: InputName, other: InputName, raw: RawInputs, allowed: string): readonly Problem[] {
  if (!isGiven(one, raw) || !isGiven(other, raw)) return [];
  return [{ input: `${one} and ${other}`, given: `${shown(one, raw)} and ${shown(other, raw)}`, allowed }];
}

function withoutRegistry(raw: RawInputs): readonly Problem[] {
  if (trueOrFalse(textOf("registry", raw) ?? "") !== false) return [];
  return [...registryInputs, "remote-registry" as const].flatMap((name) =>
    bothGiven("registry", name, raw, `one of the two; registry: false means no registry at all`),
  );
}

function withoutRemoteRegistry(raw: RawInputs): readonly Problem[] {
  if (isGiven("remote-registry", raw)) return [];
  const needing = remoteRegistryInputs.filter((name) => isGiven(name, raw));
  const problems = needing.map((name) => ({
    input: name,
    given: shown(name, raw),
    allowed: "only together with remote-registry, which is empty",
  }));
  if (textOf("strategy", raw) !== "remote-registry") return problems;
  const allowed = "remote-registry needs the input remote-registry too: host[:port][/path]";
  return [{ input: "strategy", given: shown("strategy", raw), allowed }, ...problems];
}

/** The other strategies name a registry beside the cluster. */
function strategyBesideRemoteRegistry(raw: RawInputs): readonly Problem[] {
  const strategy = textOf("strategy", raw) ?? "";
  if (strategy !== "vm-local" && strategy !== "remote-docker") return [];
  return bothGiven(
    "strategy",
    "remote-registry",
    raw,
    "auto or remote-registry, where remote-registry is given",
  );
}

/**
 * Half a pair of credentials is an error only where nothing may stand in for the remote registry. Elsewhere it
 * counts as no credentials: the pull request of a fork has the user name from the workflow and no secrets.
 */
function halfCredentials(raw: RawInputs): readonly Problem[] {
  if (!isGiven("remote-registry", raw)) return [];
  const strict =
    textOf("strategy", raw) === "remote-registry" || textOf("on-missing-credentials", raw) === "fail";
  const pair = ["remote-registry-username", "remote-registry-password"] as const;
  const [missing, ...more] = pair.filter((name) => !isGiven(name, raw));
  if (!strict || missing === undefined || more.length > 0) return [];
  const other = pair.find((name) => name !== missing);
  return [{ input: missing, given: "nothing", allowed: `a value, since ${other} is given; or neither` }];
}

function repositoriesWithPrefix(raw: RawInputs): readonly Problem[] {
  const prefix = `${textOf("remote-registry", raw)}/`;
  const lines = (textOf("delete-images", raw) ?? "").split("\n").map((line) => line.trim());
  const wrong = lines.find((line) => line.startsWith(prefix));
  if (wrong === undefined) return [];
  const allowed = `repositories under the prefix remote-registry: ${wrong.slice(prefix.length)}`;
  return [{ input: "delete-images", given: quoted(wrong), allowed }];
}

function shown(name: InputName, raw: RawInputs): string {
  return isSecret(name) ? "(hidden)" : quoted(textOf(name, raw) ?? "");
}

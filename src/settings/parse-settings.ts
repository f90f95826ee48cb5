import { type Problem, UsageError } from "../support/errors.ts";
import { contradictions } from "./contradictions.ts";
import { type InputName, isInputName, isSecret, optionTable, type Values } from "./option-table.ts";
import { isGiven, type RawInputs, textOf } from "./raw-inputs.ts";
import type { RegistrySettings, RemoteRegistrySettings, Settings } from "./settings.ts";
import { quoted, Refusal } from "./values.ts";

/**
 * Turns texts into settings, strictly. Names that are no input are not looked at: the runner warns of them.
 * @throws UsageError with everything that is wrong; a secret is not in it.
 */
export function parseSettings(raw: RawInputs): Settings {
  const { values, problems } = readValues(raw);
  const all = [...problems, ...contradictions(raw)];
  if (all.length > 0) throw new UsageError(all);
  // Complete: what is missing from it would have been a problem, or has no default.
  return settingsOf(values as Values, raw);
}

function readValues(raw: RawInputs): { values: unknown; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const values: Partial<Record<InputName, unknown>> = {};
  for (const name of Object.keys(optionTable).filter(isInputName)) {
    const text = textOf(name, raw);
    const value = text === undefined ? undefined : optionTable[name].parse(text);
    if (text !== undefined && value instanceof Refusal) {
      const given = isSecret(name) ? "(hidden)" : quoted(text);
      problems.push({ input: name, given, allowed: value.allowed });
    } else values[name] = value;
  }
  return { values, problems };
}

function settingsOf(values: Values, raw: RawInputs): Settings {
  return {
    strategy: values.strategy,
    clusterName: values["cluster-name"],
    kubernetesVersion: values["kubernetes-version"],
    nodeImage: values["node-image"],
    kindVersion: values["kind-version"],
    kubectlVersion: values["kubectl-version"],
    config: values.config,
    downloadMirror: values["download-mirror"],
    cache: values.cache,
    wait: values.wait,
    kubeconfig: values.kubeconfig,
    exportEnv: values["export-env"],
    registry: values.registry && registryOf(values, raw),
    cleanup: values.cleanup,
    durable: values.durable,
    token: values.token,
    endpoint: values["docker-host"] ?? values["docker-context"],
    remoteRegistry: remoteRegistryOf(values),
  };
}

function registryOf(values: Values, raw: RawInputs): RegistrySettings {
  return {
    name: values["registry-name"] ?? `${values["cluster-name"]}-registry`,
    nameGiven: isGiven("registry-name", raw),
    port: values["registry-port"],
    image: values["registry-image"],
    imageGiven: isGiven("registry-image", raw),
  };
}

function remoteRegistryOf(values: Values): RemoteRegistrySettings | undefined {
  const prefix = values["remote-registry"];
  if (prefix === undefined) return undefined;
  return {
    prefix,
    username: values["remote-registry-username"],
    password: values["remote-registry-password"],
    ca: values["remote-registry-ca"],
    plainHttp: values["remote-registry-plain-http"],
    onMissingCredentials: values["on-missing-credentials"],
    deleteImages: values["delete-images"] ?? [],
  };
}

import type { inputDefaults } from "./action-inputs.generated.ts";
import {
  anyText,
  cacheScope,
  certificate,
  clusterName,
  configSource,
  containerName,
  dockerContext,
  dockerHost,
  duration,
  filePath,
  imageReference,
  kubernetesVersion,
  mirrorUrl,
  oneLine,
  oneOf,
  port,
  type Refusal,
  registryPrefix,
  release,
  repositories,
  trueOrFalse,
  username,
  type ValueParser,
} from "./values.ts";

export type InputName = keyof typeof inputDefaults;

interface Option {
  readonly parse: ValueParser<unknown>;
  /** Never shown, not even in part. */
  readonly secret?: true;
}

/** How each input of action.yml is read. The compiler holds the two to the same names. */
export const optionTable = {
  strategy: { parse: oneOf("auto", "vm-local", "remote-docker", "remote-registry") },
  "cluster-name": { parse: clusterName },
  "kubernetes-version": { parse: kubernetesVersion },
  "node-image": { parse: imageReference },
  "kind-version": { parse: release("0.33.0") },
  "kubectl-version": { parse: release("1.34.4") },
  config: { parse: configSource },
  "download-mirror": { parse: mirrorUrl },
  cache: { parse: cacheScope },
  wait: { parse: duration },
  kubeconfig: { parse: filePath },
  "export-env": { parse: trueOrFalse },
  registry: { parse: trueOrFalse },
  "registry-name": { parse: containerName },
  "registry-port": { parse: port },
  "registry-image": { parse: imageReference },
  cleanup: { parse: trueOrFalse },
  durable: { parse: trueOrFalse },
  token: { parse: oneLine("a token"), secret: true },
  "docker-host": { parse: dockerHost },
  "docker-context": { parse: dockerContext },
  "remote-registry": { parse: registryPrefix },
  "remote-registry-username": { parse: username },
  "remote-registry-password": { parse: anyText, secret: true },
  "remote-registry-ca": { parse: certificate },
  "remote-registry-plain-http": { parse: trueOrFalse },
  "on-missing-credentials": { parse: oneOf("local-for-forks", "local", "fail") },
  "delete-images": { parse: repositories },
} as const satisfies Readonly<Record<InputName, Option>>;

type Parsed<K extends InputName> = Exclude<ReturnType<(typeof optionTable)[K]["parse"]>, Refusal>;

/** Inputs whose default is empty, or an expression that only the runner can evaluate. */
type Optional<K extends InputName> = (typeof inputDefaults)[K] extends "" | `\${{${string}`
  ? undefined
  : never;

/** What the texts of all inputs mean, defaults filled in. */
export type Values = { readonly [K in InputName]: Parsed<K> | Optional<K> };

export function isInputName(name: string): name is InputName {
  return Object.hasOwn(optionTable, name);
}

export function isSecret(name: InputName): boolean {
  return "secret" in optionTable[name];
}

/** May stand alone as a flag. */
export function isBoolean(name: InputName): boolean {
  return optionTable[name].parse === trueOrFalse;
}

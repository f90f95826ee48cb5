/**
 * What was asked, parsed once and strictly from the inputs of the action or the flags of the command.
 * Every field is always there; `undefined` means "not asked: whoever needs it works it out".
 */
export interface Settings {
  readonly strategy: StrategyChoice;
  /** At most 41 characters: names of the cluster's containers become host names. */
  readonly clusterName: string;
  /** `undefined`: what this kind release brings by default. */
  readonly kubernetesVersion: KubernetesVersion | undefined;
  /** A node image by reference; never together with `kubernetesVersion`. */
  readonly nodeImage: string | undefined;
  /** A full version with its v: `v0.33.0`. */
  readonly kindVersion: string;
  /** A full version with its v: `v1.34.4`. `undefined`: the cluster's. */
  readonly kubectlVersion: string | undefined;
  readonly config: ConfigSource | undefined;
  /** An http or https URL without a slash at its end. */
  readonly downloadMirror: string | undefined;
  readonly cache: CacheScope;
  /** Milliseconds; 0: do not wait. */
  readonly wait: number;
  /** Path of a file to merge the context into. */
  readonly kubeconfig: string | undefined;
  readonly exportEnv: boolean;
  /** `false`: no registry at all. */
  readonly registry: RegistrySettings | false;
  readonly cleanup: boolean;
  readonly durable: boolean;
  /** A secret: for release look-ups and package deletion. */
  readonly token: string | undefined;
  /** `undefined`: the docker command's own choice. */
  readonly endpoint: EndpointSettings | undefined;
  readonly remoteRegistry: RemoteRegistrySettings | undefined;
}

export type StrategyChoice = "auto" | "vm-local" | "remote-docker" | "remote-registry";

export type KubernetesVersion =
  | { readonly kind: "latest" }
  /** `1.34`: the newest patch release there is an image for. */
  | { readonly kind: "minor"; readonly minor: string }
  /** `1.34.4`, without a v. */
  | { readonly kind: "exact"; readonly version: string };

/** A kind configuration: the YAML itself, or a file that holds it. */
export type ConfigSource =
  | { readonly kind: "inline"; readonly text: string }
  | { readonly kind: "file"; readonly path: string };

/** What is kept in the Actions cache. */
export type CacheScope = "none" | "tools" | "all";

/** The registry beside the cluster. */
export interface RegistrySettings {
  /** Name of its container; `<cluster name>-registry` unless given. */
  readonly name: string;
  /** A given name may be that of an earlier step's registry, which is then shared. */
  readonly nameGiven: boolean;
  /** `undefined`: 5000, or the next free one. A given port that is taken is an error. */
  readonly port: number | undefined;
  readonly image: string;
  /** Only the default image has a second source. */
  readonly imageGiven: boolean;
}

/** As the docker command's `--host` and `--context`. */
export type EndpointSettings =
  | { readonly kind: "host"; readonly host: string }
  | { readonly kind: "context"; readonly context: string };

/** The registry elsewhere that images go to. */
export interface RemoteRegistrySettings {
  readonly prefix: RemoteRegistryPrefix;
  /**
   * Neither this nor `password`: what `docker login` left. Only one of the two, which a fork's pull request
   * without secrets can have: no credentials, so `onMissingCredentials` decides.
   */
  readonly username: string | undefined;
  /** A secret. */
  readonly password: string | undefined;
  /** PEM text, or the path of a file with it. */
  readonly ca: string | undefined;
  /** Declared, never guessed. */
  readonly plainHttp: boolean;
  readonly onMissingCredentials: MissingCredentialsRule;
  /** Repositories under the prefix, or `*` alone: post deletes this run's tag there. */
  readonly deleteImages: readonly string[];
}

export interface RemoteRegistryPrefix {
  /** With its port, where one was given. */
  readonly host: string;
  /** Without slashes at its ends; empty when only a host was given. */
  readonly path: string;
}

export type MissingCredentialsRule = "local-for-forks" | "local" | "fail";

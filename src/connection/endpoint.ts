type Env = Readonly<Record<string, string | undefined>>;

/** What the docker command reads to find its daemon; all of it is kept for post. */
const endpointVariables = [
  "DOCKER_HOST",
  "DOCKER_CONTEXT",
  "DOCKER_TLS_VERIFY",
  "DOCKER_TLS",
  "DOCKER_CERT_PATH",
  "DOCKER_CONFIG",
] as const;

/** The endpoint asked for by input; undefined means what the docker command finds by itself. */
export type AskedEndpoint =
  | { readonly kind: "host"; readonly host: string }
  | { readonly kind: "context"; readonly context: string }
  | undefined;

/**
 * The variables that select the endpoint, as the docker command's --host and --context would: what was asked
 * wins, and its rivals are unset, since DOCKER_HOST silently beats DOCKER_CONTEXT.
 */
export function endpointEnv(asked: AskedEndpoint, env: Env): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of endpointVariables) {
    const value = env[name];
    if (value !== undefined && value !== "") found[name] = value;
  }
  if (asked === undefined) return found;
  const { DOCKER_HOST: _host, DOCKER_CONTEXT: _context, ...others } = found;
  return asked.kind === "host"
    ? { ...others, DOCKER_HOST: asked.host }
    : { ...others, DOCKER_CONTEXT: asked.context };
}

/** The variables for a socket here: the docker command's own folder stays, TLS and rivals do not hold for it. */
export function socketEnv(host: string, env: Env): Record<string, string> {
  const folder = env["DOCKER_CONFIG"] ?? "";
  return { DOCKER_HOST: host, ...(folder === "" ? {} : { DOCKER_CONFIG: folder }) };
}

/**
 * The environment of every docker, kind and kubectl command: that of the job, with the endpoint's variables
 * replaced, without the action's inputs (a token is among them) and the runner's own secrets. With an owner,
 * the commands are marked as its own, and down ends those that outlive main.
 */
export function commandEnv(
  env: Env,
  endpoint: Readonly<Record<string, string>>,
  owner: string | undefined,
): Env {
  const kept = Object.entries(env).filter(
    ([name]) =>
      !name.startsWith("INPUT_") &&
      !name.startsWith("STATE_") &&
      !name.startsWith("ACTIONS_") &&
      name !== ownerVariable &&
      !endpointVariables.some((variable) => variable === name),
  );
  return {
    ...Object.fromEntries(kept),
    ...endpoint,
    ...(owner === undefined ? {} : { [ownerVariable]: owner }),
    // kind looks for other providers otherwise, and takes podman for docker where both are.
    KIND_EXPERIMENTAL_PROVIDER: "docker",
  };
}

/** Marks every process that we start with our owner id, so that down finds the ones that outlive main. */
export const ownerVariable = "KIND_CI_OWNER";

/**
 * Whether an address looks like this machine. Only a first guess, for what must be decided before a trial:
 * a socket may be forwarded, so the registry's header is what settles it (resources/reach.ts).
 */
export function looksLocal(address: string): boolean {
  return /^(unix:|npipe:|tcp:\/\/(localhost|127\.0\.0\.1|\[::1\])([:/]|$))/.test(address);
}

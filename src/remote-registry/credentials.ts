import { join } from "node:path";
import * as z from "zod";
import { codeOf, EnvironmentError, messageOf, TimeoutError } from "../support/errors.ts";
import { parsed } from "../support/json.ts";
import type { Logger } from "../support/logger.ts";
import type { ProcessRunner } from "../support/process-runner.ts";
import { type DockerConfig, helperFor, inlineLogin, parseDockerConfig } from "./docker-config.ts";
import { dockerConfigKey } from "./reference.ts";
import { maskCredentials } from "./secrets.ts";

export interface PasswordCredentials {
  readonly kind: "password";
  readonly username: string;
  /** A secret. */
  readonly password: string;
}

/** A token for the registry's token server, instead of a password. The kubelet reads no such field in its logins. */
export interface IdentityToken {
  readonly kind: "identity-token";
  /** A secret. */
  readonly identityToken: string;
}

export type Credentials = PasswordCredentials | IdentityToken;

export interface FoundCredentials {
  readonly credentials: Credentials | undefined;
  /** Where they come from, or where they were looked for, as part of a sentence. */
  readonly source: string;
}

export interface CredentialsQuery {
  /** The registry, with its port. */
  readonly host: string;
  /** What the inputs gave. Only one of the two counts as none at all. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

export interface CredentialsDeps {
  /** DOCKER_AUTH_CONFIG, DOCKER_CONFIG. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
  /** The text of a file; rejects with ENOENT where there is none. */
  readonly readFile: (path: string) => Promise<string>;
  /** For helper programs, which are looked for on its PATH. */
  readonly processes: ProcessRunner;
  readonly logger: Logger;
}

/**
 * The credentials for a registry: the inputs', else what `docker login` left, looked up as the docker command does
 * it, so that `docker push` of a later step and we use the same. They are masked before this returns.
 * @throws EnvironmentError when a login is there and cannot be read (a helper that is missing or fails).
 */
export async function findCredentials(
  query: CredentialsQuery,
  deps: CredentialsDeps,
): Promise<FoundCredentials> {
  const { credentials, source } = fromInputs(query) ?? (await fromDockerLogin(query.host, deps));
  if (credentials === undefined) return { credentials, source };
  const usable = asPassword(credentials, query.host) ?? credentials;
  maskCredentials(deps.logger, usable);
  return { credentials: usable, source };
}

/** `team.azurecr.io`, and Azure's registries in clouds of their own. */
const azure = /^[a-z0-9]+\.azurecr\.(io|cn|de|us)$/i;

/**
 * An identity token that is a password too. Azure's registries take it as one, for a user of zeros; it is how Azure's
 * own plugin of the kubelet logs in (cloud-provider-azure, pkg/credentialprovider/azure_credentials.go). For others
 * nothing of the kind is known.
 */
function asPassword(credentials: Credentials, host: string): PasswordCredentials | undefined {
  if (credentials.kind === "password" || !azure.test(host)) return undefined;
  const username = "00000000-0000-0000-0000-000000000000";
  return { kind: "password", username, password: credentials.identityToken };
}

function fromInputs({ username = "", password = "" }: CredentialsQuery): FoundCredentials | undefined {
  if (username === "" && password === "") return undefined;
  if (username !== "" && password !== "") {
    const credentials = { kind: "password", username, password } as const;
    return { credentials, source: "the inputs remote-registry-username and remote-registry-password" };
  }
  // A secret that is not there is empty, in a fork's run or after it was renamed.
  const [given, empty] = username === "" ? ["password", "username"] : ["username", "password"];
  const source = `remote-registry-${given} is given, but remote-registry-${empty} is empty`;
  return { credentials: undefined, source };
}

async function fromDockerLogin(host: string, deps: CredentialsDeps): Promise<FoundCredentials> {
  const fromEnv = deps.env["DOCKER_AUTH_CONFIG"];
  if (fromEnv !== undefined && fromEnv !== "") {
    const place = "DOCKER_AUTH_CONFIG";
    const credentials = inlineLogin(parseDockerConfig(fromEnv, place), host, place);
    if (credentials !== undefined) return { credentials, source: place };
  }
  const folder = deps.env["DOCKER_CONFIG"] || join(deps.homeFolder, ".docker");
  const path = join(folder, "config.json");
  const config = await readConfig(path, deps);
  if (config === undefined) return { credentials: undefined, source: `no inputs, and no file ${path}` };
  const helper = helperFor(config, host);
  if (helper !== undefined) {
    const program = `docker-credential-${helper.suffix}`;
    const credentials = await askHelper(program, dockerConfigKey(host), deps);
    const source = `${program} (${helper.setting} in ${path})`;
    return credentials === undefined
      ? { credentials, source: `no inputs, and ${source} has none for ${host}` }
      : { credentials, source };
  }
  const credentials = inlineLogin(config, host, path);
  return credentials === undefined
    ? { credentials, source: `no inputs, and ${path} has no login for ${host}` }
    : { credentials, source: path };
}

async function readConfig(path: string, { readFile }: CredentialsDeps): Promise<DockerConfig | undefined> {
  let text: string;
  try {
    text = await readFile(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new EnvironmentError({
      tried: `read the login from ${path}`,
      seen: messageOf(error),
      todo: "make the file readable, or give remote-registry-username and remote-registry-password",
    });
  }
  return text.trim() === "" ? {} : parseDockerConfig(text, path);
}

/** The helpers' own word for "none", which is no failure (docker-credential-helpers, credentials/error.go). */
const noneFound = "credentials not found in native keychain";

/** What a helper puts into Username when Secret is an identity token. */
const tokenUser = "<token>";

const answerForm = z.looseObject({ Username: z.string(), Secret: z.string() });

async function askHelper(
  program: string,
  server: string,
  { processes }: CredentialsDeps,
): Promise<Credentials | undefined> {
  const fault = (seen: string) =>
    new EnvironmentError({
      tried: `ask ${program} for the login of ${server}`,
      seen,
      todo: `run \`echo ${server} | ${program} get\` by hand, or give remote-registry-username and remote-registry-password`,
    });
  const deadline = 30_000;
  // The server goes by stdin and the secret comes by stdout; what was said there gets into no message of ours.
  const result = await processes
    .run([program, "get"], { input: server, deadline })
    .catch((error: unknown) => {
      if (error instanceof TimeoutError) throw fault(`it had not answered after ${deadline / 1000} s`);
      throw error;
    });
  if (result.code !== 0) {
    // Failures come on stdout too.
    const words = `${result.stdout}\n${result.stderr}`.trim();
    if (words.includes(noneFound)) return undefined;
    throw fault(`it failed: ${words.split("\n")[0]?.slice(0, 200) || "without a word"}`);
  }
  const read = answerForm.safeParse(parsed(result.stdout));
  if (!read.success) throw fault("its answer is not the JSON that the docker command expects");
  const { Username: username, Secret: secret } = read.data;
  if (secret === "") return undefined;
  if (username === tokenUser) return { kind: "identity-token", identityToken: secret };
  return { kind: "password", username, password: secret };
}

/** What to do where an identity token is of no use: on the nodes, and with registries that take Basic only. */
export function identityTokenAdvice(host: string): string {
  return (
    `the login for ${host} is an identity token, which only a token server takes; give remote-registry-username and ` +
    "remote-registry-password"
  );
}

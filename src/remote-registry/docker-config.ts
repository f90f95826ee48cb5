import * as z from "zod";
import { EnvironmentError } from "../support/errors.ts";
import type { Credentials } from "./credentials.ts";
import { dockerConfigKey } from "./reference.ts";

const entry = z.looseObject({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
});

const configForm = z.looseObject({
  auths: z.record(z.string(), entry.nullable()).nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
  credsStore: z.string().nullish(),
});

/** What of Docker's config.json concerns logins. */
export type DockerConfig = z.infer<typeof configForm>;

/** @throws EnvironmentError that names the place and the fault, and nothing of the content. */
export function parseDockerConfig(text: string, place: string): DockerConfig {
  const fault = (seen: string) =>
    new EnvironmentError({
      tried: `read the login from ${place}`,
      seen,
      todo: "write it again with `docker login`, or give remote-registry-username and remote-registry-password",
    });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's message would quote the text around the fault.
    throw fault("it is not JSON");
  }
  const read = configForm.safeParse(json);
  if (read.success) return read.data;
  const path = read.error.issues[0]?.path.join(".") ?? "";
  throw fault(`${path === "" ? "it" : path} has not the form that the docker command writes`);
}

/**
 * The login that the file itself holds for a host: under its own key, else under one with that host (old
 * clients wrote `https://host/v1/`), as the docker command looks it up (cli/config/credentials/file_store.go).
 * @throws EnvironmentError when `auth` is not base64 of `user:password`.
 */
export function inlineLogin(config: DockerConfig, host: string, place: string): Credentials | undefined {
  const auths = config.auths ?? {};
  const key = dockerConfigKey(host);
  const found = Object.hasOwn(auths, key) ? key : Object.keys(auths).find((name) => hostOf(name) === key);
  const login = found === undefined ? undefined : auths[found];
  if (login === undefined || login === null) return undefined;
  if (isGiven(login.identitytoken)) return { kind: "identity-token", identityToken: login.identitytoken };
  if (isGiven(login.auth)) return decodeAuth(login.auth, `auths.${found} in ${place}`);
  if (!isGiven(login.username) || !isGiven(login.password)) return undefined;
  return { kind: "password", username: login.username, password: login.password };
}

function isGiven(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}

function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
}

function decodeAuth(auth: string, place: string): Credentials {
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon <= 0) {
    throw new EnvironmentError({
      tried: `read the login ${place}`,
      seen: "its auth is not base64 of user:password",
      todo: "write it again with `docker login`",
    });
  }
  // The docker command wrote passwords padded with zero bytes once, and strips them still.
  const password = text.slice(colon + 1).replace(/^\0+|\0+$/g, "");
  return { kind: "password", username: text.slice(0, colon), password };
}

/** The suffix of the helper program for a host; one set for the host wins over the general store. */
export function helperFor(
  config: DockerConfig,
  host: string,
): { suffix: string; setting: string } | undefined {
  const key = dockerConfigKey(host);
  const helpers = config.credHelpers ?? {};
  // An empty one set for a host says: in this file, as the docker command has it.
  if (Object.hasOwn(helpers, key)) return named(helpers[key], "credHelpers");
  return named(config.credsStore, "credsStore");
}

function named(suffix: string | null | undefined, setting: string) {
  return suffix === undefined || suffix === null || suffix === "" ? undefined : { suffix, setting };
}

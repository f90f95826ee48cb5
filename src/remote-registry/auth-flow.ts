import * as z from "zod";
import type { Clock } from "../support/clock.ts";
import { parsed } from "../support/json.ts";
import type { Logger } from "../support/logger.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import type { HttpAnswer, HttpRequest, RegistryHttp } from "./http.ts";
import type { RemoteRegistry } from "./reference.ts";
import { basicAuth, formsOf, maskCredentials, redactor } from "./secrets.ts";

/** What came of a request to the registry, with the registry's way in gone through. */
export type Sent =
  /** Its answer; `as` tells how we came in. */
  | { readonly kind: "answer"; readonly answer: HttpAnswer; readonly as: WayIn }
  /** It asks for credentials, and there are none. */
  | { readonly kind: "asks"; readonly scheme: string }
  /** Its token server gave no token. */
  | { readonly kind: "no-token"; readonly answer: HttpAnswer; readonly server: string }
  /** It asks for something that we cannot or must not do. */
  | { readonly kind: "cannot"; readonly seen: string };

export type WayIn = "nobody" | "anonymous-token" | "password" | "token";

export interface SessionDeps {
  readonly http: RegistryHttp;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Requests to one registry as one user. Tokens are kept for each scope, as long as they last. */
export interface RegistrySession {
  /** `scope` is what a token must allow: `repository:<name>:pull,push`. Rejects where there is no answer. */
  send(request: HttpRequest, scope: string): Promise<Sent>;
  /** Takes this user's secrets out of words that are not ours. */
  redact(text: string): string;
}

/** Distribution's default; the specification has no other. https://distribution.github.io/distribution/spec/auth/token/ */
const defaultLife = 60;
/** A token is not used in its last moments, in milliseconds: it travels, and clocks differ. */
const margin = 5_000;

type Ticket =
  | {
      readonly kind: "header";
      readonly value: string | undefined;
      readonly as: WayIn;
      readonly until: number;
    }
  | Exclude<Sent, { kind: "answer" }>;

export function registrySession(
  registry: RemoteRegistry,
  credentials: Credentials | undefined,
  deps: SessionDeps,
): RegistrySession {
  const secrets = redactor();
  if (credentials !== undefined) {
    maskCredentials(deps.logger, credentials);
    for (const form of formsOf(credentials)) secrets.add(form);
  }
  const onToken = (token: string) => {
    deps.logger.mask(token);
    secrets.add(token);
  };
  // Promises, so that requests side by side wait for one token instead of fetching one each.
  const tickets = new Map<string, Promise<Ticket>>();
  /** What the registry offers, once it has refused: then no later request needs to be refused first. */
  let offered: readonly Challenge[] | undefined;

  const newTicket = (scope: string, challenges: readonly Challenge[]): Promise<Ticket> => {
    const ticket = enter({ registry, credentials, challenges, scope, onToken, deps });
    tickets.set(scope, ticket);
    ticket.catch(() => tickets.delete(scope));
    return ticket;
  };

  const knownTicket = async (scope: string): Promise<Ticket | undefined> => {
    if (offered === undefined) return undefined;
    const ticket = await tickets.get(scope);
    const valid = ticket !== undefined && (ticket.kind !== "header" || deps.clock.now() < ticket.until);
    return valid ? ticket : newTicket(scope, offered);
  };

  const sendWith = async (request: HttpRequest, ticket: Ticket): Promise<Sent> => {
    if (ticket.kind !== "header") return ticket;
    const headers = {
      ...request.headers,
      ...(ticket.value === undefined ? {} : { authorization: ticket.value }),
    };
    return { kind: "answer", answer: await deps.http.request({ ...request, headers }), as: ticket.as };
  };

  return {
    redact: (text) => secrets.redact(text),
    async send(request, scope) {
      // Also a link of the registry's must not lead credentials elsewhere.
      if (request.url.origin !== registry.origin) {
        return { kind: "answer", answer: await deps.http.request(request), as: "nobody" };
      }
      const known = await knownTicket(scope);
      if (known !== undefined) return sendWith(request, known);
      const first = await sendWith(request, nobody);
      if (first.kind !== "answer" || first.answer.status !== 401) return first;
      offered ??= parseChallenges(first.answer.headers("www-authenticate"));
      return sendWith(request, await (tickets.get(scope) ?? newTicket(scope, offered)));
    },
  };
}

const nobody: Ticket = { kind: "header", value: undefined, as: "nobody", until: Number.POSITIVE_INFINITY };

interface Entry {
  readonly registry: RemoteRegistry;
  readonly credentials: Credentials | undefined;
  readonly challenges: readonly Challenge[];
  readonly scope: string;
  readonly onToken: (token: string) => void;
  readonly deps: SessionDeps;
}

async function enter(entry: Entry): Promise<Ticket> {
  const { challenges, credentials } = entry;
  const bearer = challenges.find(
    ({ scheme, parameters }) => scheme === "bearer" && parameters["realm"] !== undefined,
  );
  if (bearer !== undefined) return fetchToken(bearer, entry);
  if (challenges.some(({ scheme }) => scheme === "basic")) {
    if (credentials === undefined) return { kind: "asks", scheme: "a password" };
    if (credentials.kind === "identity-token") {
      return { kind: "cannot", seen: "it takes passwords only, and the login found is an identity token" };
    }
    const value = `Basic ${basicAuth(credentials)}`;
    return { kind: "header", value, as: "password", until: Number.POSITIVE_INFINITY };
  }
  const offered = challenges.map(({ scheme }) => scheme).join(", ") || "nothing";
  return { kind: "cannot", seen: `it answers 401 and offers ${offered}, where Basic or Bearer is known` };
}

const answerForm = z.looseObject({
  token: z.string().min(1).optional(),
  access_token: z.string().min(1).optional(),
  expires_in: z.number().nonnegative().optional().catch(undefined),
});

async function fetchToken({ parameters }: Challenge, entry: Entry): Promise<Ticket> {
  const { registry, credentials, deps, onToken } = entry;
  const { realm = "", service } = parameters;
  if (!URL.canParse(realm)) return { kind: "cannot", seen: "the address of its token server cannot be read" };
  const url = new URL(realm);
  const server = url.host;
  if (url.protocol !== "https:" && !(registry.plainHttp && url.protocol === "http:")) {
    return { kind: "cannot", seen: `its token server ${server} is not on https, so it gets no credentials` };
  }
  const now = deps.clock.now();
  const answer = await deps.http.request(tokenRequest(url, service, entry));
  if (answer.status !== 200) {
    const unasked = credentials === undefined && [400, 401, 403].includes(answer.status);
    return unasked ? { kind: "asks", scheme: "a token" } : { kind: "no-token", answer, server };
  }
  const read = answerForm.safeParse(parsed(answer.text));
  const token = read.data?.token ?? read.data?.access_token;
  if (token === undefined)
    return { kind: "cannot", seen: `its token server ${server} answers without a token` };
  onToken(token);
  return {
    kind: "header",
    value: `Bearer ${token}`,
    as: credentials === undefined ? "anonymous-token" : "token",
    until: now + (read.data?.expires_in ?? defaultLife) * 1000 - margin,
  };
}

/**
 * Our own scope, not the challenge's: that one names what the refused request needs, and some registries
 * name only pull.
 */
function tokenRequest(url: URL, service: string | undefined, { credentials, scope }: Entry): HttpRequest {
  if (credentials?.kind === "identity-token") {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      client_id: "kind-ci-action",
      scope,
      refresh_token: credentials.identityToken,
      ...(service === undefined ? {} : { service }),
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { method: "POST", url, headers, body: `${form}` };
  }
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", scope);
  const headers = credentials === undefined ? {} : { authorization: `Basic ${basicAuth(credentials)}` };
  return { method: "GET", url, headers };
}

import type { Account } from "../support/errors.ts";
import { retryAfterOf } from "../support/exchange.ts";
import { answerInWords, errorCode } from "./answer.ts";
import { type RegistrySession, registrySession, type Sent, type SessionDeps } from "./auth-flow.ts";
import { parseChallenges } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import { type HttpAnswer, NoAnswer } from "./http.ts";
import { apiUrl, type RemoteRegistry, repositoryUnder } from "./reference.ts";
import { isHttpsPortAnswer, whyUnreachable } from "./unreachable.ts";

/** What is known about pushing there. `refused` and `unreachable` are definite: the run should end with `account`. */
export type Proof =
  | { readonly kind: "proven"; readonly text: string }
  /** The registry asks for credentials, and none were found. */
  | { readonly kind: "needs-credentials"; readonly text: string }
  | { readonly kind: "refused"; readonly why: Refusal; readonly account: Account }
  | { readonly kind: "unreachable"; readonly account: Account }
  /** Said as a notice: the push may well succeed. */
  | { readonly kind: "not-definite"; readonly text: string };

export type Refusal =
  | "wrong-password"
  | "no-right-to-push"
  /** The registry refuses in words that leave open which of the two it is. */
  | "password-or-right"
  /** A pull-through cache, or a registry in maintenance. */
  | "read-only"
  /** The login is of a kind that the registry does not take, or its way in is unknown. */
  | "no-way-in";

export interface ProbeTarget {
  readonly registry: RemoteRegistry;
  /**
   * A repository under the prefix that the run will push to, where one is known (delete-images names some).
   * Otherwise one of our own name is tried.
   */
  readonly repository?: string | undefined;
}

export interface ProveDeps extends SessionDeps {
  /** Where credentials come from or were looked for, as `findCredentials` says it. */
  readonly source: string;
  /** The input remote-registry-ca was given. */
  readonly caGiven: boolean;
}

/**
 * The name that is tried under the prefix. An upload that is opened and cancelled makes no repository: distribution
 * lists one only once it has a layer or manifest. What it keeps is a file of some hundred bytes below `_uploads`, since
 * it writes the upload's hash state once more after it has cancelled (distribution, registry/handlers/blobupload.go,
 * the deferred Close in CancelBlobUpload). The prefix's own path cannot be tried instead: for most registries it
 * is a project or an organisation, which is no repository.
 */
const probeName = "kind-ci-probe";

/**
 * Tells whether these credentials may push under the prefix: opens an upload and cancels it. A token alone proves
 * nothing, since a token server may silently grant less than was asked. Never throws for what the registry does.
 */
export async function provePush(
  target: ProbeTarget,
  credentials: Credentials | undefined,
  deps: ProveDeps,
): Promise<Proof> {
  const { registry } = target;
  const session = registrySession(registry, credentials, deps);
  const name = repositoryUnder(registry, target.repository ?? probeName);
  const tried = `prove that images can be pushed under ${registry.prefix}`;
  const scope = `repository:${name}:pull,push`;
  const words: Words = { registry, credentials, deps, tried, session };
  try {
    const url = apiUrl(registry, `${name}/blobs/uploads/`);
    const sent = await session.send({ method: "POST", url }, scope);
    if (sent.kind === "answer" && sent.answer.status === 202) {
      await cancel(sent.answer, url, scope, words);
      return {
        kind: "proven",
        text: `pushing under ${registry.prefix} works, with ${wayInWords(sent.as, deps)}`,
      };
    }
    return verdict(sent, words);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    const { seen, todo } = whyUnreachable(error, { registry, caGiven: deps.caGiven });
    return { kind: "unreachable", account: { tried, seen: session.redact(seen), todo } };
  }
}

interface Words {
  readonly registry: RemoteRegistry;
  readonly credentials: Credentials | undefined;
  readonly deps: ProveDeps;
  readonly tried: string;
  readonly session: RegistrySession;
}

/** What cannot be cancelled does no harm: registries drop unfinished uploads by themselves, after days. */
async function cancel(answer: HttpAnswer, url: URL, scope: string, { session, deps }: Words): Promise<void> {
  const [location] = answer.headers("location");
  if (location === undefined || !URL.canParse(location, url.href)) return;
  const upload = new URL(location, url);
  // A registry behind a TLS proxy that does not know of it gives http:// for its own https.
  if (upload.host === url.host) upload.protocol = url.protocol;
  try {
    const sent = await session.send({ method: "DELETE", url: upload }, scope);
    // Never the location itself: it may carry a signature.
    if (sent.kind === "answer") deps.logger.debug(`cancelling the trial upload: ${sent.answer.status}`);
  } catch {
    deps.logger.debug("cancelling the trial upload: no answer");
  }
}

function wayInWords(as: "nobody" | "anonymous-token" | "password" | "token", { source }: ProveDeps): string {
  return as === "nobody" || as === "anonymous-token"
    ? "no credentials at all"
    : `the credentials from ${source}`;
}

function verdict(sent: Sent, words: Words): Proof {
  switch (sent.kind) {
    case "asks":
      return needsCredentials(sent.scheme, words);
    case "cannot":
      return refused("no-way-in", sent.seen, words);
    case "no-token":
      return withoutToken(sent.answer, sent.server, words);
    case "answer":
      return sent.as === "nobody" || sent.as === "anonymous-token"
        ? withoutCredentials(sent.answer, words)
        : withCredentials(sent.answer, sent.as, words);
  }
}

function needsCredentials(what: string, { registry, deps }: Words): Proof {
  const text = `${registry.host} asks for ${what}, and no credentials were found: ${deps.source}`;
  return { kind: "needs-credentials", text };
}

function withoutToken(answer: HttpAnswer, server: string, words: Words): Proof {
  const seen = `its token server ${server} answers ${answerInWords(answer)}`;
  if (answer.status === 401) return refused("wrong-password", seen, words);
  // GitHub's says 403 to a wrong password as well as to a missing right.
  if (answer.status === 403) return refused("password-or-right", seen, words);
  // The OAuth 2 way of refusing (identity tokens).
  if (answer.status === 400 && /invalid_grant|unauthorized/i.test(answer.text)) {
    return refused("wrong-password", seen, words);
  }
  return notDefinite(answer, seen, words);
}

function withoutCredentials(answer: HttpAnswer, words: Words): Proof {
  if (answer.status === 401) return needsCredentials("credentials", words);
  if (answer.status !== 403) return other(answer, words);
  if (words.credentials === undefined) return needsCredentials("credentials (by 403)", words);
  // It never asked, so it never saw them.
  return refused("no-right-to-push", `it answers ${answerInWords(answer)} before any login`, words);
}

function withCredentials(answer: HttpAnswer, as: "password" | "token", words: Words): Proof {
  const seen = `it answers ${answerInWords(answer)}`;
  if (answer.status === 403) return refused("no-right-to-push", seen, words);
  if (answer.status !== 401) return other(answer, words);
  if (as === "password") return refused("wrong-password", seen, words);
  const [challenge] = parseChallenges(answer.headers("www-authenticate"));
  if (challenge?.parameters["error"] === "invalid_token") {
    return refused(
      "no-way-in",
      `${seen} to a token from its own token server: it does not trust that server`,
      words,
    );
  }
  return refused("no-right-to-push", `${seen}, although its token server took the login`, words);
}

function other(answer: HttpAnswer, words: Words): Proof {
  const { registry, tried } = words;
  const seen = `it answers ${answerInWords(answer)}`;
  if (registry.plainHttp && isHttpsPortAnswer(answer.text)) {
    const todo = "leave remote-registry-plain-http out; with a private authority, give remote-registry-ca";
    return { kind: "unreachable", account: { tried, seen: `${registry.host} speaks https`, todo } };
  }
  if (answer.status === 405) return refused("read-only", `${seen}: it takes no uploads`, words);
  return notDefinite(answer, seen, words);
}

const advice: Record<Refusal, string> = {
  "wrong-password":
    "give the right user name and password; a secret may have been renamed, or a token have expired",
  "no-right-to-push":
    "give this account the right to push there (on GitHub: `permissions: packages: write` in the job, and the repository's access to the package), or correct the path in remote-registry",
  "password-or-right":
    "see that the password is right and not expired, and that its account may push there (on GitHub: `permissions: packages: write` in the job)",
  "read-only": "give a registry that takes pushes; a pull-through cache does not",
  "no-way-in":
    "give remote-registry-username and remote-registry-password, or see the registry's configuration",
};

function refused(why: Refusal, seen: string, { session, tried, deps, credentials }: Words): Proof {
  const whose = credentials === undefined ? "" : `, with the credentials from ${deps.source}`;
  return {
    kind: "refused",
    why,
    account: { tried: `${tried}${whose}`, seen: session.redact(seen), todo: advice[why] },
  };
}

function notDefinite(answer: HttpAnswer, seen: string, { registry, session, deps }: Words): Proof {
  const words = session.redact(seen);
  const open = `whether images can be pushed under ${registry.prefix} is open`;
  if (answer.status === 429) {
    const pause = retryAfterOf(answer, deps.clock.now());
    const when = pause === undefined ? "" : `, and to come again in ${Math.ceil(pause / 1000)} s`;
    return {
      kind: "not-definite",
      text: `${open}: ${registry.host} says that it was asked too often${when} (429)`,
    };
  }
  if (answer.status === 404) {
    const unknown =
      errorCode(answer) === undefined
        ? "is it a registry?"
        : "some registries want a repository made before the first push";
    return { kind: "not-definite", text: `${open}: ${words}; ${unknown}` };
  }
  return { kind: "not-definite", text: `${open}: ${words}` };
}

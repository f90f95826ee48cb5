import type { Logger } from "../support/logger.ts";
import type { Credentials } from "./credentials.ts";

/**
 * The forms in which a secret could turn up in a text: as it is, in base64 (with and without the user, as
 * headers and config files carry it), and as part of a URL. Never a user name or a host: hiding those would hide outputs.
 */
export function formsOf(credentials: Credentials): string[] {
  const secret = credentials.kind === "password" ? credentials.password : credentials.identityToken;
  const forms = [secret, base64(secret), encodeURIComponent(secret)];
  if (credentials.kind === "password") forms.push(basicAuth(credentials));
  return [...new Set(forms)].filter((form) => form !== "");
}

/** Asks the log never to show these credentials; to be called before anything else is done with them. */
export function maskCredentials(logger: Logger, credentials: Credentials): void {
  for (const form of formsOf(credentials)) {
    logger.mask(form);
    // A key file as password is many lines, and a log shows it line by line. Short ones (`{`) would hide all.
    for (const line of form.split(/\r?\n/)) if (line.length >= 8) logger.mask(line);
  }
}

/** `user:password` in base64: the `auth` of Docker's config.json and of the Basic scheme. */
export function basicAuth({
  username,
  password,
}: {
  readonly username: string;
  readonly password: string;
}): string {
  return base64(`${username}:${password}`);
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

/** Takes secrets out of words of others (a registry may repeat what it was sent) before they get into a message. */
export function redactor(): { add(secret: string): void; redact(text: string): string } {
  const secrets = new Set<string>();
  return {
    add(secret) {
      if (secret !== "") secrets.add(secret);
    },
    redact(text) {
      // The longest first: one secret may be part of another.
      const ordered = [...secrets].sort((a, b) => b.length - a.length);
      return ordered.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
    },
  };
}

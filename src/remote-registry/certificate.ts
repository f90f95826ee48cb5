import { X509Certificate } from "node:crypto";
import { messageOf, UsageError } from "../support/errors.ts";

/**
 * The PEM text of the input remote-registry-ca, which is text or a file's path.
 * @throws UsageError when it cannot be read or holds no certificate.
 */
export async function certificateText(
  given: string,
  readFile: (path: string) => Promise<string>,
): Promise<string> {
  const inline = given.startsWith("-----BEGIN");
  const refusal = (why: string) =>
    new UsageError([
      {
        input: "remote-registry-ca",
        given: `${inline ? "PEM text" : JSON.stringify(given)} (${why})`,
        allowed: "PEM text of a certificate, or the path of a file with it",
      },
    ]);
  const text = inline
    ? given
    : await readFile(given).catch((error: unknown) => {
        throw refusal(messageOf(error));
      });
  try {
    new X509Certificate(text);
  } catch {
    throw refusal("no certificate can be read from it");
  }
  return text.endsWith("\n") ? text : `${text}\n`;
}

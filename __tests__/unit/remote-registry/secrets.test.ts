import { expect, test } from "vitest";
import { maskCredentials, redactor } from "../../../src/remote-registry/secrets.ts";
import { silentLogger } from "../../../src/support/logger.ts";

test("a key file as password is masked line by line, but not its braces", () => {
  const masked: string[] = [];
  const key = '{\n  "private_key": "abc"\n}';
  const logger = { ...silentLogger, mask: (secret: string) => void masked.push(secret) };
  maskCredentials(logger, { kind: "password", username: "_json_key", password: key });
  expect(masked).toEqual(expect.arrayContaining([key, '  "private_key": "abc"']));
  expect(masked).not.toContain("{");
  expect(masked).not.toContain("_json_key");
});

test("redacting takes the longest first, so that no rest of a secret stays", () => {
  const secrets = redactor();
  for (const secret of ["word", "word-and-more", ""]) secrets.add(secret);
  expect(secrets.redact("it was word-and-more, then word")).toBe("it was ***, then ***");
});

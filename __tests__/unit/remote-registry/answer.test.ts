import { describe, expect, test } from "vitest";
import { answerInWords, errorCode, nextPage } from "../../../src/remote-registry/answer.ts";
import type { HttpAnswer } from "../../../src/remote-registry/http.ts";

function answer(status: number, text = "", headers: Record<string, string | string[]> = {}): HttpAnswer {
  return { status, text, headers: (name) => [headers[name] ?? []].flat() };
}

describe("an answer in words", () => {
  test.each<[string, string]>([
    ["", "403"],
    [
      '{"errors":[{"code":"DENIED","message":"requested access is denied"}]}',
      "403 (DENIED: requested access is denied)",
    ],
    ['{"errors":[{"code":"DENIED"}]}', "403 (DENIED)"],
    ['{"errors":[]}', "403"],
    ['{"message":"Bad credentials"}', "403 (Bad credentials)"],
    ['{"details":"incorrect username or password"}', "403 (incorrect username or password)"],
    ["<!DOCTYPE html><h1>Forbidden</h1>", "403"],
    ["two\r\nlines\u001b[2J\u0000", "403 (two lines [2J)"],
    ["x".repeat(500), `403 (${"x".repeat(200)}…)`],
  ])("%j is %j", (text, words) => {
    expect(answerInWords(answer(403, text))).toBe(words);
  });

  test("the code is the first error's", () => {
    expect(errorCode(answer(404, '{"errors":[{"code":"NAME_UNKNOWN"},{"code":"OTHER"}]}'))).toBe(
      "NAME_UNKNOWN",
    );
    expect(errorCode(answer(404, "NAME_UNKNOWN"))).toBeUndefined();
  });
});

describe("the next page", () => {
  const current = new URL("https://reg.example/v2/app/tags/list?n=2");
  test.each<[string | string[], string | undefined]>([
    ['</v2/app/tags/list?last=b&n=2>; rel="next"', "https://reg.example/v2/app/tags/list?last=b&n=2"],
    ["<?last=b,c>; rel=next", "https://reg.example/v2/app/tags/list?last=b,c"],
    ["<http://reg.example/v2/x>; rel=next", "https://reg.example/v2/x"],
    ['</a>; rel="prev", </b>; rel="next"', "https://reg.example/b"],
    [['</a>; rel="prev"', '</b>; rel="next"'], "https://reg.example/b"],
    ['<https://elsewhere.example/v2/x>; rel="next"', undefined],
    ['</v2/app/tags/list?n=2>; rel="next"', undefined],
    ["</a>; rel=last", undefined],
    ["nonsense", undefined],
  ])("%j is %j", (link, next) => {
    expect(nextPage(answer(200, "", { link }), current)?.href).toBe(next);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Challenge, parseChallenges } from "../../../src/remote-registry/challenge.ts";

const plain = (challenges: readonly Challenge[]) =>
  challenges.map(({ scheme, parameters }) => [scheme, { ...parameters }]);

describe("WWW-Authenticate", () => {
  test.each<[what: string, headers: string[], challenges: unknown[]]>([
    ["none", [], []],
    ["empty", [""], []],
    [
      "distribution's",
      [
        'Bearer realm="https://auth.example/token",service="reg.example",scope="repository:team/app:pull,push"',
      ],
      [
        [
          "bearer",
          {
            realm: "https://auth.example/token",
            service: "reg.example",
            scope: "repository:team/app:pull,push",
          },
        ],
      ],
    ],
    [
      "two headers",
      ['Bearer realm="r"', 'Basic realm="x"'],
      [
        ["bearer", { realm: "r" }],
        ["basic", { realm: "x" }],
      ],
    ],
    [
      "two in one header",
      ['Basic realm="x, y", BEARER Realm="r"'],
      [
        ["basic", { realm: "x, y" }],
        ["bearer", { realm: "r" }],
      ],
    ],
    [
      "without quotes and with blanks",
      ["Bearer realm = https://a/b , service=reg"],
      [["bearer", { realm: "https://a/b", service: "reg" }]],
    ],
    [
      "a scheme alone",
      ["Negotiate, Basic realm=x"],
      [
        ["negotiate", {}],
        ["basic", { realm: "x" }],
      ],
    ],
    ["escapes", ['Basic realm="a\\"b\\\\c"'], [["basic", { realm: 'a"b\\c' }]]],
    ["a quote that never ends", ['Bearer realm="https://a'], [["bearer", { realm: "https://a" }]]],
    ["an empty value", ['Bearer realm="",service='], [["bearer", { realm: "", service: "" }]]],
    ["a name given twice", ['Bearer realm="first",realm="second"'], [["bearer", { realm: "first" }]]],
    ["parameters before any scheme", ['realm="x"'], []],
    [
      "names of the language",
      ['Bearer __proto__="x",constructor="y"'],
      [["bearer", JSON.parse('{"__proto__":"x","constructor":"y"}')]],
    ],
  ])("%s", (_what, headers, challenges) => {
    expect(plain(parseChallenges(headers))).toEqual(challenges);
  });

  const token = fc.stringMatching(/^[a-z][a-z0-9_-]{0,11}$/);
  const challenge = fc.record({
    scheme: token,
    // Any text may be quoted, the marks of the grammar too.
    parameters: fc.dictionary(token, fc.string({ unit: "grapheme-ascii" }), { noNullPrototype: true }),
  });
  const written = ({ scheme, parameters }: Challenge) =>
    `${scheme} ${Object.entries(parameters)
      .map(([name, value]) => `${name}="${value.replace(/["\\]/g, "\\$&")}"`)
      .join(", ")}`;

  test("reads back whatever is written by the grammar, in one header or several", () => {
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), fc.boolean(), (challenges, together) => {
        const headers = challenges.map(written);
        const read = parseChallenges(together ? [headers.join(", ")] : headers);
        expect(plain(read)).toEqual(plain(challenges));
      }),
    );
  });

  test("ends with some answer for anything at all", () => {
    const marks = fc.string({
      unit: fc.constantFrom("a", "B", '"', "\\", "=", ",", " ", "\t", "é", "Bearer ", "realm="),
    });
    fc.assert(
      fc.property(fc.oneof(marks, fc.string({ unit: "binary" })), (header) => {
        for (const { scheme } of parseChallenges([header])) expect(scheme).not.toBe("");
      }),
    );
  });

  test("takes time in proportion to the length", () => {
    const begun = performance.now();
    for (const part of ['"\\', "a=", 'a="', " ,", "\\"]) parseChallenges([part.repeat(20_000)]);
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});

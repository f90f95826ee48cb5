import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inputDefaults } from "../../../src/settings/action-inputs.generated.ts";
import { fromFlags, settingsFromFlags } from "../../../src/settings/from-flags.ts";
import { problemsIn } from "./problems-in.ts";

describe("flags", () => {
  it.each([
    [["--cluster-name", "ci"], { "cluster-name": "ci" }],
    [["--cluster-name=ci"], { "cluster-name": "ci" }],
    [["--config={a: b=c}\nd"], { config: "{a: b=c}\nd" }],
    [["--wait="], { wait: "" }],
    [["--durable"], { durable: "true" }],
    [["--durable", "--wait", "0"], { durable: "true", wait: "0" }],
    [["--cleanup", "false", "--registry=False"], { cleanup: "false", registry: "False" }],
    [["--registry-port", "-1"], { "registry-port": "-1" }],
    [["--token", "--starts-with-dashes"], { token: "--starts-with-dashes" }],
    [[], {}],
  ])("%j", (argv, raw) => {
    expect(fromFlags(argv)).toStrictEqual({ raw });
  });
});

describe("refused", () => {
  it.each([
    [
      ["--kubernetes-versoin", "1.34"],
      "--kubernetes-versoin",
      "an unknown flag",
      "did you mean --kubernetes-version?",
    ],
    [["--version", "1.34"], "--version", "an unknown flag", "did you mean --kind-version, "],
    [["--nonsense"], "--nonsense", "an unknown flag", "the flags that --help shows"],
    [["-w", "0"], "-w", "an unknown flag", "the flags that --help shows"],
    [["--__proto__=x"], "--__proto__", "an unknown flag", "the flags that --help shows"],
    [["--wait"], "--wait", "no value", "--wait value or --wait=value"],
    [["--wait", "--durable"], "--wait", "no value", "--wait value or --wait=value"],
    [["--wait", "0", "--wait=0"], "--wait", "twice", "each flag once"],
    [["ci"], "arguments", "“ci”", "flags alone"],
    [["--durable", "maybe"], "arguments", "“maybe”", "flags alone"],
    [["--token", "two", "words"], "arguments", "(hidden)", "flags alone"],
  ])("%j", (argv, input, given, allowed) => {
    expect(problemsIn(() => fromFlags(argv))).toStrictEqual([
      { input, given, allowed: expect.stringContaining(allowed) },
    ]);
  });

  it("does not show what follows a misspelt secret", () => {
    for (const argv of [["--tokn", "hunter2"], ["--tokn=hunter2"]]) {
      expect(JSON.stringify(problemsIn(() => fromFlags(argv)))).not.toContain("hunter2");
    }
  });
});

describe("settings from flags", () => {
  it("are those of the same inputs", () => {
    expect(settingsFromFlags(["--wait", "90s", "--registry", "false"])).toMatchObject({
      wait: 90_000,
      registry: false,
    });
  });

  it("name the problems of the flags and of their values at once", () => {
    const inputs = problemsIn(() => settingsFromFlags(["--wait", "60", "--clean"])).map(({ input }) => input);
    expect(inputs).toStrictEqual(["--clean", "wait"]);
    expect(problemsIn(() => settingsFromFlags(["--clean"]))).toHaveLength(1);
  });

  it("throw nothing but a UsageError, and never with a secret in it", () => {
    const secret = "hunter2-hunter2";
    const flag = fc.constantFrom(...Object.keys(inputDefaults)).map((name) => `--${name}`);
    const words = fc.array(fc.oneof(flag, fc.string()));
    const secretFlag = fc.constantFrom(
      ["--token", secret],
      ["--token", `--${secret}`],
      [`--remote-registry-password=${secret}`],
      ["--remote-registry-pasword", secret],
    );
    fc.assert(
      fc.property(words, secretFlag, words, (before, middle, after) => {
        // A flag without its value would take the secret's flag for it, and the secret would stand alone.
        const argv = [...before, "--durable", ...middle, ...after];
        expect(JSON.stringify(problemsIn(() => settingsFromFlags(argv)))).not.toContain(secret);
      }),
    );
  });
});

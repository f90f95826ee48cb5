import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as z from "zod";

const root = fileURLToPath(new URL("../../", import.meta.url));
const action = z
  .object({
    inputs: z.record(z.string(), z.strictObject({ description: z.string(), default: z.string() })),
    outputs: z.record(z.string(), z.strictObject({ description: z.string() })),
    runs: z.record(z.string(), z.string()),
  })
  .parse(parse(readFileSync(`${root}action.yml`, "utf8")));

const inputs = {
  main: [
    "strategy",
    "cluster-name",
    "kubernetes-version",
    "node-image",
    "kind-version",
    "kubectl-version",
    "config",
    "download-mirror",
    "cache",
    "wait",
    "kubeconfig",
    "export-env",
    "registry",
    "registry-name",
    "registry-port",
    "registry-image",
    "cleanup",
    "durable",
    "token",
  ],
  remoteDocker: ["docker-host", "docker-context"],
  remoteRegistry: [
    "remote-registry",
    "remote-registry-username",
    "remote-registry-password",
    "remote-registry-ca",
    "remote-registry-plain-http",
    "on-missing-credentials",
    "delete-images",
  ],
};

it("has the promised inputs and no other", () => {
  expect(Object.keys(action.inputs)).toStrictEqual(Object.values(inputs).flat());
});

it("has the promised outputs and no other", () => {
  expect(Object.keys(action.outputs)).toStrictEqual([
    "strategy",
    "cluster-name",
    "context",
    "kubeconfig",
    "registry",
    "registry-in-cluster",
    "image-tag",
    "buildkitd-config",
    "buildx-driver-opts",
    "kind-version",
    "kubectl-version",
    "kubernetes-version",
    "node-image",
  ]);
});

it("runs post whatever became of the job", () => {
  expect(action.runs).toStrictEqual({
    using: "node24",
    main: "dist/main.cjs",
    post: "dist/post.cjs",
    "post-if": "always()",
  });
});

/** Names that start a path in an expression: not after a dot, not in a text, not a function. */
function contextsIn(expression: string): string[] {
  const code = expression.replaceAll(/'(?:[^']|'')*'/g, "''");
  const names = code.matchAll(/(?<![\w.-])([a-z_][\w-]*)/gi);
  return [...names].map(([name]) => name).filter((name) => !["true", "false", "null"].includes(name));
}

// actions/runner, src/Runner.Worker/action_yaml.json, input-default-context.
const allowedInDefaults = ["github", "strategy", "matrix", "job", "runner", "hashFiles"];

describe("defaults", () => {
  const expressions = Object.entries(action.inputs).flatMap(([name, { default: text }]) =>
    [...text.matchAll(/\$\{\{(.*?)\}\}/gs)].map(([, code]) => ({ name, code: code ?? "" })),
  );

  it("have expressions in them, which this test reads", () => {
    expect(expressions).toStrictEqual([{ name: "token", code: " github.token " }]);
    expect(contextsIn(" env.A && inputs.b || 'secrets.c' == github.env ")).toStrictEqual([
      "env",
      "inputs",
      "github",
    ]);
  });

  it.each(expressions)("$name uses only contexts that the runner has there", ({ code }) => {
    expect(contextsIn(code).filter((name) => !allowedInDefaults.includes(name))).toStrictEqual([]);
  });
});

it("has descriptions of one or two short sentences, without expressions", () => {
  for (const { description } of [...Object.values(action.inputs), ...Object.values(action.outputs)]) {
    expect(description.length).toBeLessThan(200);
    expect(description).toMatch(/\.\s*$/);
    expect(description).not.toContain("${{");
  }
});

it("is what the module and the README's tables were made from", () => {
  const { status, stderr } = spawnSync(process.execPath, ["script/generate.mjs", "--check"], {
    cwd: root,
    encoding: "utf8",
  });
  expect({ status, stderr }).toStrictEqual({ status: 0, stderr: "" });
});

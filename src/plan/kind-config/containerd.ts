import { parse } from "smol-toml";
import * as z from "zod";
import { certsFolder } from "../../docker/node-paths.ts";
import type { Problem } from "../../support/errors.ts";

/** The CRI plugin's name in config versions up to 2, and the images plugin's from version 3 (containerd 2.0). */
const plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"] as const;

/**
 * Turns on hosts files. containerd does so by itself only from 2.2 on, and kind never says it, so images of kind
 * 0.27 to 0.30 would not look there. Both names of the plugin, since kind merges patches without looking and
 * containerd passes over a plugin's setting that it does not know. No `version`: kind skips a patch whose
 * version is not that of the node's file. https://github.com/containerd/containerd/blob/main/docs/cri/registry.md
 */
export const configPathPatches: readonly string[] = plugins.map(
  (plugin) => `[plugins."${plugin}".registry]\n  config_path = "${certsFolder}"\n`,
);

/** What of a user's containerd patches would turn hosts files off. */
export function containerdClashes(patches: readonly string[]): Problem[] {
  return patches.flatMap((patch, at) => {
    const input = "config";
    const where = `containerdConfigPatches[${at}]`;
    let parsed: unknown;
    try {
      parsed = parse(patch);
    } catch (error) {
      const message = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
      return [{ input, given: `${where}: ${message}`, allowed: "well-formed TOML" }];
    }
    return plugins.flatMap((plugin) => {
      const registry = valueAt(parsed, "plugins", plugin, "registry");
      return registryClashes(registry).map((clash) => ({
        input,
        given: `${where} sets ${clash.given}`,
        allowed: clash.allowed,
      }));
    });
  });
}

/**
 * What of a user's JSON 6902 patches would turn hosts files off: kind applies them after all others.
 * https://github.com/kubernetes-sigs/kind/blob/v0.32.0/pkg/internal/patch/toml.go
 */
export function containerdJsonClashes(patches: readonly string[]): Problem[] {
  return patches.flatMap((patch, at) => {
    const where = `containerdConfigPatchesJSON6902[${at}]`;
    const operations = operationsIn(patch);
    if (operations === undefined)
      return [{ input: "config", given: where, allowed: "a JSON 6902 patch: a JSON list of operations" }];
    return operations
      .filter(({ op, path, value }) => turnsOff(op, path.split("/").slice(1), value))
      .map(({ op, path }) => ({
        input: "config",
        given: `${where}: ${op} ${path}`,
        allowed: `patches that leave the registry's config_path at ${certsFolder}, where the action writes how to reach its registry, and set no mirrors or configs beside it`,
      }));
  });
}

const operation = z.looseObject({ op: z.string(), path: z.string(), value: z.unknown().optional() });

function operationsIn(patch: string): z.infer<typeof operation>[] | undefined {
  try {
    return z.array(operation).parse(JSON.parse(patch));
  } catch {
    return undefined;
  }
}

/** Whether an operation at that path touches what hosts files need. `value` is what it puts there. */
function turnsOff(op: string, path: readonly string[], value: unknown): boolean {
  if (op === "test") return false;
  const [top, plugin = "", part, key] = path;
  if (top === undefined || (top === "plugins" && path.length === 1)) return true;
  if (top !== "plugins" || !plugins.some((known) => known === plugin)) return false;
  if (part === undefined) return true;
  if (part !== "registry") return false;
  if (op === "remove" || op === "move") return key === undefined || key === "config_path";
  const registry = key === undefined ? value : { [key]: path.length === 4 ? value : {} };
  const keepsPath =
    key !== undefined || (typeof value === "object" && value !== null && "config_path" in value);
  return !keepsPath || registryClashes(registry).length > 0;
}

function registryClashes(registry: unknown): Pick<Problem, "given" | "allowed">[] {
  if (typeof registry !== "object" || registry === null) return [];
  const clashes: Pick<Problem, "given" | "allowed">[] = [];
  for (const key of ["mirrors", "configs"]) {
    if (!(key in registry)) continue;
    clashes.push({
      given: `registry.${key}`,
      allowed: `hosts files under ${certsFolder} (containerd refuses ${key} beside the config_path that the action's registry needs)`,
    });
  }
  const path = "config_path" in registry ? registry.config_path : undefined;
  if (path !== undefined && !(typeof path === "string" && path.split(":").includes(certsFolder))) {
    clashes.push({
      given: `registry.config_path to ${JSON.stringify(path)}`,
      allowed: `a path that contains ${certsFolder}, where the action writes how to reach its registry`,
    });
  }
  return clashes;
}

function valueAt(value: unknown, ...path: string[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

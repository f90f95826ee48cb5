import { inputDefaults } from "./action-inputs.generated.ts";
import type { InputName } from "./option-table.ts";

/** Texts by the input's name. Absent and empty mean the same: the default. */
export type RawInputs = Readonly<Record<string, string | undefined>>;

/** What was given, else the default; `undefined` where that is empty or the runner's to evaluate. */
export function textOf(name: InputName, raw: RawInputs): string | undefined {
  const given = raw[name]?.trim() ?? "";
  if (given !== "") return given;
  const fallback: string = inputDefaults[name];
  return fallback === "" || fallback.startsWith("${{") ? undefined : fallback;
}

/** Something else than the default was given. The runner passes defaults on as if they had been given. */
export function isGiven(name: InputName, raw: RawInputs): boolean {
  const text = raw[name]?.trim() ?? "";
  return text !== "" && text.toLowerCase() !== inputDefaults[name].toLowerCase();
}

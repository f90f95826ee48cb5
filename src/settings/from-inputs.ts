import { isInputName, optionTable } from "./option-table.ts";

/**
 * The inputs of the action as the runner hands them over: `INPUT_` and the name in capitals, its hyphens kept
 * (src/Runner.Worker/Handlers/Handler.cs in actions/runner). Empty ones are left out.
 */
export function fromInputs(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const raw: Record<string, string> = {};
  for (const name of Object.keys(optionTable).filter(isInputName)) {
    const text = env[`INPUT_${name.toUpperCase()}`]?.trim() ?? "";
    if (text !== "") raw[name] = text;
  }
  return raw;
}

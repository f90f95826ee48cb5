import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** A folder for PATH with a link to each program of the machine, except kind and kubectl: for all e2e tests. */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "path-"));
  for (const from of (process.env["PATH"] ?? "").split(delimiter).filter(existsSync)) {
    for (const name of readdirSync(from)) {
      if (name !== "kind" && name !== "kubectl") linkUnlessThere(join(from, name), join(folder, name));
    }
  }
  process.env["E2E_PATH"] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}

/** The first of a name wins, as on PATH. */
function linkUnlessThere(target: string, link: string): void {
  try {
    symlinkSync(target, link);
  } catch {
    // EEXIST
  }
}

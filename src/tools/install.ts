import type { ToolDeps } from "./tool-deps.ts";

export interface ToolRequest {
  readonly name: "kind" | "kubectl";
  /** With its v: `v0.33.0`. */
  readonly version: string;
}

export interface InstalledTool {
  /** Of the program, which has the tool's own name. */
  readonly path: string;
  /** With its v. */
  readonly version: string;
  readonly source: "path" | "tool-cache" | "actions-cache" | "download";
  /** How long it took, in milliseconds. */
  readonly ms: number;
}

export declare function installTool(request: ToolRequest, deps: ToolDeps): Promise<InstalledTool>;

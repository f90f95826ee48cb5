import type { DaemonConnection } from "../connection/daemon.ts";
import type { SshArgs } from "../connection/ssh.ts";
import type { Route } from "./route.ts";

/** What main asks of the tunnel's process, over Node's channel between a process and its child. */
export type Request = CarryRequest | SshRequest | { readonly what: "stay" };

export interface CarryRequest {
  readonly id: number;
  readonly what: "carry";
  readonly connection: DaemonConnection;
  /** Name or id of the node's container through which the other side is reached. */
  readonly node: string;
  /** We are on the cluster's network ourselves. */
  readonly joined: boolean;
  readonly route: Route;
}

/** To bring the daemon's own socket here, before anything else. */
export interface SshRequest {
  readonly id: number;
  readonly what: "ssh";
  readonly args: SshArgs;
  readonly socket: string;
}

export type Answer =
  | { readonly id: number; readonly port: number; readonly transport: string }
  | { readonly id: number; readonly error: string; readonly code: string | undefined };

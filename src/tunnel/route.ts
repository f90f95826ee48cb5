/** One port of ours and what it stands for on the other side. */
export interface Route {
  readonly name: "api" | "registry";
  /** On our 127.0.0.1; 0: any that is free. */
  readonly port: number;
  readonly target: Target;
}

/** Host and port as the cluster's node sees them. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** The port on which every API server listens inside its node. */
const apiServerPort = 6443;

/** The API server of the node that the tunnel goes through. */
export const apiTarget: Target = { host: "127.0.0.1", port: apiServerPort };

import { looksLocal } from "../connection/endpoint.ts";
import type { Settings } from "../settings/settings.ts";
import { EnvironmentError } from "../support/errors.ts";
import type { Found } from "./found.ts";
import type { KindConfig } from "./kind-config/merge.ts";
import type { ReachPlan } from "./plan.ts";

/** What is expected of the way to the daemon's loopback, before it is tried. */
export function planReach({ strategy }: Settings, { address }: Found): ReachPlan {
  return {
    looksLocal: address === "" || looksLocal(address),
    constraint:
      strategy === "vm-local"
        ? "must-be-ours"
        : strategy === "remote-docker"
          ? "must-be-elsewhere"
          : "as-found",
  };
}

/**
 * kind gives the control planes behind its load balancer ports that are free on this side, which says nothing
 * about the daemon's. @throws EnvironmentError
 */
export function throwOnSeveralControlPlanesAfar(
  reach: ReachPlan,
  config: KindConfig,
  { address }: Found,
): void {
  const controlPlanes = config.nodes.filter(({ role }) => role === "control-plane").length;
  if (reach.looksLocal || controlPlanes < 2) return;
  throw severalControlPlanesAfar(controlPlanes, `Docker is at ${address}, on another machine`);
}

export function severalControlPlanesAfar(controlPlanes: number, seen: string): EnvironmentError {
  return new EnvironmentError({
    tried: `plan a cluster with ${controlPlanes} control planes`,
    seen: `${seen}: there kind can make one control plane only`,
    todo: "use one control plane in config, or a runner whose Docker daemon is on the same machine",
  });
}

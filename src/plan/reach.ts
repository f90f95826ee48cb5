import { looksLocal } from "../connection/endpoint.ts";
import type { Settings } from "../settings/settings.ts";
import { EnvironmentError } from "../support/errors.ts";
import type { Found } from "./found.ts";
import type { ReachPlan } from "./plan.ts";

/** What is expected of the way to the daemon's loopback, before it is tried. */
export function planReach({ strategy }: Settings, { address, jobContainer }: Found): ReachPlan {
  return {
    looksLocal: jobContainer === undefined && (address === "" || looksLocal(address)),
    jobContainer,
    constraint:
      strategy === "vm-local"
        ? "must-be-ours"
        : strategy === "remote-docker"
          ? "must-be-elsewhere"
          : "as-found",
  };
}

/**
 * For a daemon whose address looked local. kind gives the control planes behind its load balancer ports that are
 * free on this side, which says nothing about the daemon's; clashes.ts has the same for addresses that tell.
 */
export function severalControlPlanesAfar(controlPlanes: number, seen: string): EnvironmentError {
  return new EnvironmentError({
    tried: `plan a cluster with ${controlPlanes} control planes`,
    seen: `${seen}: there kind can make one control plane only`,
    todo: "use one control plane in config, or a runner whose Docker daemon is on the same machine",
  });
}

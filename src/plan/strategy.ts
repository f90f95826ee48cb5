import type { Choice, RegistryPlan, Strategy, TakenReach } from "./plan.ts";
import type { RemoteDecision } from "./remote-registry.ts";

/** What the question of the remote registry came to, where one was asked for. */
export function remoteChoices(remote: RemoteDecision): Choice[] {
  switch (remote.kind) {
    case "not-asked":
      return [];
    case "use":
      return [{ what: "strategy", chosen: "remote-registry", why: remote.why }];
    case "local-instead":
      return [{ what: "remote registry", chosen: "a local one in its place", why: remote.why }];
  }
}

/** The name that users know for where images go and how the daemon is reached. */
export function strategyOf(registry: RegistryPlan, { way }: TakenReach): Strategy {
  if (registry.kind === "remote") return "remote-registry";
  return way === "direct" ? "vm-local" : "remote-docker";
}

/** What the trial decided: the strategy, or beside a remote registry only the way. */
export function choiceOfReach(registry: RegistryPlan, reach: TakenReach): Choice {
  return registry.kind === "remote"
    ? { what: "reach", chosen: reach.way, why: reach.why }
    : { what: "strategy", chosen: strategyOf(registry, reach), why: reach.why };
}

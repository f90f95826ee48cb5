import type { Settings } from "../settings/settings.ts";
import type { Choice, Strategy } from "./plan.ts";
import type { RemoteDecision } from "./remote-registry.ts";

/** The name of what will be done, and why it is that. */
export function chooseStrategy(
  { strategy: asked }: Pick<Settings, "strategy">,
  remote: RemoteDecision,
): { strategy: Strategy; choice: Choice } {
  const { strategy, why } =
    remote.kind === "use"
      ? { strategy: "remote-registry" as const, why: remote.why }
      : { strategy: "vm-local" as const, why: whyLocal(asked, remote) };
  return { strategy, choice: { what: "strategy", chosen: strategy, why } };
}

function whyLocal(asked: Settings["strategy"], remote: RemoteDecision): string {
  if (remote.kind === "local-instead") return remote.why;
  return asked === "auto" ? "Docker looks local, and no remote registry is asked for" : "as asked";
}

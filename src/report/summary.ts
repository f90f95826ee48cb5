import type { Plan } from "../plan/plan.ts";
import { span } from "../support/clock.ts";
import type { TimedPart } from "../timeline.ts";
import type { StepOutputs } from "./outputs.ts";

/** The job summary: what was chosen and why, the versions, and how long each part took. */
export function summaryOf(
  plan: Pick<Plan, "choices" | "cluster">,
  outputs: StepOutputs,
  parts: readonly TimedPart[],
  total: number,
): string {
  return [
    `### kind cluster \`${plan.cluster.name}\` in ${span(total)}`,
    "",
    table(
      ["", "chosen", "why"],
      plan.choices.map(({ what, chosen, why }) => [what, code(chosen), why]),
    ),
    "",
    table(
      ["", "version"],
      [
        ["Kubernetes", outputs["kubernetes-version"]],
        ["kind", outputs["kind-version"]],
        ["kubectl", outputs["kubectl-version"]],
        ["node image", code(outputs["node-image"])],
        ...(outputs.registry === ""
          ? []
          : [
              [
                "registry",
                `${code(outputs.registry)}, in the cluster ${code(outputs["registry-in-cluster"])}`,
              ],
            ]),
      ],
    ),
    "",
    table(
      ["part", "took", "from", "to"],
      parts.map(({ name, from, to }) => [name, span(to - from), span(from), span(to)]),
    ),
    "",
    "Parts overlap.",
    "",
  ].join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}

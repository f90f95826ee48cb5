import { kindNetwork } from "../docker/labels.ts";
import type { Belongings } from "../down.ts";

/** How to remove by hand what one use of the step made, for `cleanup: false`. */
export function byHand(
  { cluster, owner, madeNetwork, contexts, record, memberships }: Belongings,
  images: readonly { readonly host: string; readonly tag: string }[],
): string {
  const commands = [
    // First: kind takes its context out of the file that KUBECONFIG names.
    ...contexts.map(({ name, file }) => `kubectl config delete-context ${name} --kubeconfig ${file}`),
    ...(cluster === undefined ? [] : [`kind delete cluster --name ${cluster}`]),
    `docker rm -f -v $(docker ps -aq --filter label=io.kind-ci-action.owner=${owner})`,
    ...memberships.map(({ network, container }) => `docker network disconnect ${network} ${container}`),
    // Not while another cluster is on it; Docker refuses then.
    ...(madeNetwork ? [`docker network rm ${kindNetwork}`] : []),
    ...(record === undefined ? [] : [`docker volume rm ${record}`]),
  ];
  const tags = images.map(({ host, tag }) => `  and the tag ${tag} in the repositories of ${host}`);
  return [
    "cleanup: false, so all stays. To remove it by hand:",
    ...commands.map((command) => `  ${command}`),
    ...tags,
  ].join("\n");
}

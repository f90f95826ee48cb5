/** Labels on what we make, and the ones kind puts on its nodes. One place for each name. */
export const labels = {
  /** The owner id; on the owner record, the registry, and nothing else that we did not make. */
  owner: "io.kind-ci-action.owner",
  cluster: "io.kind-ci-action.cluster",
  repository: "io.kind-ci-action.repository",
  run: "io.kind-ci-action.run",
  attempt: "io.kind-ci-action.attempt",
  job: "io.kind-ci-action.job",
  runner: "io.kind-ci-action.runner",
  host: "io.kind-ci-action.host",
  /** Which of a machine's runners, where several have one name: a hash of the folder that it gives its jobs. */
  place: "io.kind-ci-action.place",
  started: "io.kind-ci-action.started",
  /** "true" on the owner record when kind's network was not there before this use of the step. */
  madeNetwork: "io.kind-ci-action.made-network",
  /** On the owner record: the job's container, where it was not on kind's network before this use of the step. */
  jobContainer: "io.kind-ci-action.job-container",
  /** kind's own label on every node: the cluster's name (kind pkg/cluster/internal/providers/docker/constants.go). */
  kindCluster: "io.x-k8s.kind.cluster",
  /** kind's own label on every node: control-plane, worker or external-load-balancer. */
  kindRole: "io.x-k8s.kind.role",
} as const;

/** The Docker network that kind puts its nodes on. */
export const kindNetwork = "kind";

/** The response header by which the registry proves which run it belongs to; its value is the owner id. */
export const evidenceHeader = "X-Kind-Ci-Owner";

/** The port that the registry program listens on inside its container. */
export const registryContainerPort = 5000;

import * as z from "zod";

/**
 * Who runs this, as far as secrets go. Facts about GitHub's events:
 * https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
 */
export type Trust =
  /** A pull request from a fork: no secrets, a reading token. */
  | { readonly kind: "fork-pull-request"; readonly why: string }
  /** Dependabot's: only Dependabot's own secrets, a reading token, though the branch is in the same repository. */
  | { readonly kind: "dependabot"; readonly why: string }
  /**
   * The base repository's workflow with its secrets, started by a pull request. Where the head is a fork's and
   * checked out, a stranger's code runs beside the secrets.
   */
  | {
      readonly kind: "pull-request-target";
      readonly headIsFork: boolean;
      readonly head: Head;
      readonly why: string;
    }
  | { readonly kind: "merge-queue"; readonly why: string }
  | { readonly kind: "trusted"; readonly why: string };

/** Where a pull request comes from; each undefined when the event does not tell. */
export interface Head {
  readonly sha: string | undefined;
  /** `owner/name` */
  readonly repository: string | undefined;
}

export interface GitHubEvent {
  /** GITHUB_EVENT_NAME; empty where there is no GitHub. */
  readonly name: string;
  /** The parsed JSON of GITHUB_EVENT_PATH, whatever it is. */
  readonly payload: unknown;
  /** GITHUB_ACTOR. */
  readonly actor: string;
}

/** These get no secrets when they come from a fork. */
const pullRequestEvents = ["pull_request", "pull_request_review", "pull_request_review_comment"];

/** Dependabot's runs of these get its own secrets and a reading token; the other events are not its. */
const dependabotEvents = [...pullRequestEvents, "pull_request_target", "push", "create", "deployment"];

const dependabot = "dependabot[bot]";

const repository = z.looseObject({ full_name: z.string().min(1) });
const pullRequest = z.looseObject({
  // Null when the fork was deleted meanwhile.
  head: z.looseObject({ sha: z.string().optional(), repo: repository.nullish() }),
});
const payloadForm = z.looseObject({
  repository: repository.optional().catch(undefined),
  pull_request: pullRequest.optional().catch(undefined),
  workflow_run: z
    .looseObject({
      event: z.string(),
      head_sha: z.string().optional(),
      head_repository: repository.nullish(),
    })
    .optional()
    .catch(undefined),
});

/**
 * Tells who runs this. What is missing or malformed counts as a fork: GitHub leaves the head repository out when
 * a fork was deleted, and taking that for "the same repository" has been a security hole elsewhere.
 */
export function whoRuns(event: GitHubEvent): Trust {
  const { name, actor } = event;
  const read = payloadForm.safeParse(event.payload);
  const payload = read.success ? read.data : {};
  if (name === "") return { kind: "trusted", why: "this does not run on GitHub Actions" };
  if (name === "workflow_run") return workflowRun(payload);
  if (name === "merge_group") return { kind: "merge-queue", why: "the merge queue runs it" };

  const origin = headOrigin(payload);
  if (name === "pull_request_target" && origin.isFork) {
    const why = `pull_request_target runs with this repository's secrets, and ${origin.why}`;
    return { kind: "pull-request-target", headIsFork: true, head: origin.head, why };
  }
  if (pullRequestEvents.includes(name) && origin.isFork) {
    return { kind: "fork-pull-request", why: origin.why };
  }
  if (actor === dependabot && dependabotEvents.includes(name)) {
    return { kind: "dependabot", why: "Dependabot runs it, with its own secrets only" };
  }
  if (name === "pull_request_target") {
    const why = "pull_request_target of a branch of this repository";
    return { kind: "pull-request-target", headIsFork: false, head: origin.head, why };
  }
  if (pullRequestEvents.includes(name)) return { kind: "trusted", why: origin.why };
  return { kind: "trusted", why: `the event is ${name}` };
}

type Payload = Partial<z.infer<typeof payloadForm>>;

interface Origin {
  readonly isFork: boolean;
  readonly head: Head;
  readonly why: string;
}

function headOrigin(payload: Payload): Origin {
  const ours = payload.repository?.full_name;
  const theirs = payload.pull_request?.head.repo?.full_name;
  const head = { sha: payload.pull_request?.head.sha, repository: theirs };
  if (payload.pull_request === undefined || ours === undefined) {
    return { isFork: true, head, why: "the event does not tell where the pull request comes from" };
  }
  if (theirs === undefined) {
    return { isFork: true, head, why: "the pull request's repository is gone (a deleted fork)" };
  }
  if (theirs !== ours) return { isFork: true, head, why: `the pull request comes from the fork ${theirs}` };
  return { isFork: false, head, why: "the pull request comes from a branch of this repository" };
}

/** With secrets, like pull_request_target, and like it started by anyone who opens a pull request. */
function workflowRun({ workflow_run: run, repository }: Payload): Trust {
  const head = run?.head_repository?.full_name;
  const same = head !== undefined && head === repository?.full_name;
  const byPullRequest = run === undefined || run.event.startsWith("pull_request");
  if (same || !byPullRequest) {
    return { kind: "trusted", why: `workflow_run after ${run?.event ?? "an unknown event"}` };
  }
  return {
    kind: "pull-request-target",
    headIsFork: true,
    head: { sha: run?.head_sha, repository: head },
    why: `workflow_run runs with this repository's secrets, after a pull request from ${head ?? "an unknown repository"}`,
  };
}

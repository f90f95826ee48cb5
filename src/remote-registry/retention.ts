import { isDockerHub } from "./reference.ts";

/** The setting of a registry that removes old tags by itself: what to use where we cannot delete. */
export function retentionAdvice(host: string): string {
  if (isDockerHub(host)) return "delete the tag on hub.docker.com (Image management)";
  if (/(^|\.)dkr\.ecr\.|^public\.ecr\.aws$/.test(host)) return "use an ECR lifecycle policy (tagPatternList)";
  if (/\.pkg\.dev$|(^|\.)gcr\.io$/.test(host)) return "use an Artifact Registry cleanup policy";
  if (host.endsWith(".azurecr.io")) return "use a scheduled `acr purge` task";
  if (host === "ghcr.io" || host.startsWith("containers.")) {
    return "use a scheduled workflow with actions/delete-package-versions";
  }
  if (host === "quay.io") return "set the label quay.expires-after when building";
  if (/gitlab/.test(host))
    return "use GitLab's container registry cleanup policy (Settings > Packages and registries)";
  return "use the registry's own retention (Harbor: tag retention rules of the project; distribution: REGISTRY_STORAGE_DELETE_ENABLED=true, and version 3 to delete single tags)";
}

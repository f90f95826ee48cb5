import { expect, test } from "vitest";
import { retentionAdvice } from "../../../src/remote-registry/retention.ts";

test.each([
  ["docker.io", /hub\.docker\.com/],
  ["123456789012.dkr.ecr.eu-west-1.amazonaws.com", /ECR lifecycle policy/],
  ["public.ecr.aws", /ECR lifecycle policy/],
  ["europe-docker.pkg.dev", /Artifact Registry/],
  ["eu.gcr.io", /Artifact Registry/],
  ["gcr.io", /Artifact Registry/],
  ["team.azurecr.io", /acr purge/],
  ["ghcr.io", /delete-package-versions/],
  ["quay.io", /quay\.expires-after/],
  ["registry.gitlab.com", /cleanup policy/],
  ["harbor.example", /Harbor: tag retention/],
  ["notgcr.io", /Harbor: tag retention/],
])("%s", (host, advice) => {
  expect(retentionAdvice(host)).toMatch(advice);
});

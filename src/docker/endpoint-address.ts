import { isAbsolute, join } from "node:path";
import * as z from "zod";
import type { ContextEndpoint } from "../connection/daemon.ts";
import type { Docker } from "./docker.ts";

const contextInspection = z.array(
  z.object({
    Name: z.string(),
    Endpoints: z.object({
      docker: z.object({ Host: z.string(), SkipTLSVerify: z.boolean().optional() }),
    }),
    TLSMaterial: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
    Storage: z.object({ TLSPath: z.string().optional() }).optional(),
  }),
);

/** The daemon's address as the docker command resolves it, like `unix:///var/run/docker.sock`. */
export async function endpointAddress(docker: Docker): Promise<string> {
  return (await resolveEndpoint(docker))?.host ?? docker.env["DOCKER_HOST"] ?? "";
}

/** The endpoint as the docker command resolves it, with its TLS files; undefined when it does not say. */
export async function resolveEndpoint(docker: Docker): Promise<ContextEndpoint | undefined> {
  const inspected = await docker.run(["context", "inspect"], { deadline: 20_000 });
  if (inspected.code !== 0) return undefined;
  return endpointOf(inspected.stdout);
}

function endpointOf(json: string): ContextEndpoint | undefined {
  const context = contextInspection.parse(JSON.parse(json))[0];
  if (context === undefined) return undefined;
  const files = context.TLSMaterial?.["docker"] ?? [];
  const folder = context.Storage?.TLSPath;
  return {
    host: context.Endpoints.docker.Host,
    named: context.Name !== "default",
    skipTlsVerify: context.Endpoints.docker.SkipTLSVerify === true,
    // For DOCKER_HOST it says "<IN MEMORY>": the files are where the variables say.
    tlsFolder:
      files.length > 0 && folder !== undefined && isAbsolute(folder) ? join(folder, "docker") : undefined,
  };
}

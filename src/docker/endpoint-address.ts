import * as z from "zod";
import type { Docker } from "./docker.ts";

const contextInspection = z.array(
  z.object({ Name: z.string(), Endpoints: z.object({ docker: z.object({ Host: z.string() }) }) }),
);

/** The daemon's address as the docker command resolves it, like `unix:///var/run/docker.sock`. */
export async function endpointAddress(docker: Docker): Promise<string> {
  const inspected = await docker.run(["context", "inspect"], { deadline: 20_000 });
  if (inspected.code !== 0) return docker.env["DOCKER_HOST"] ?? "";
  return contextInspection.parse(JSON.parse(inspected.stdout))[0]?.Endpoints.docker.Host ?? "";
}

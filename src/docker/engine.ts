import * as z from "zod";
import { type Account, EnvironmentError, messageOf, TimeoutError } from "../support/errors.ts";
import type { Docker } from "./docker.ts";
import { refusal, silent } from "./refusal.ts";

/** What the Docker daemon says of itself. */
export interface Engine {
  readonly version: string;
  /** Highest Engine API version, as `1.41`. */
  readonly apiVersion: string;
  readonly cgroupVersion: "1" | "2";
  /** Its data folder, on its own machine. */
  readonly dataRoot: string;
  /** Its machine's host name, kernel release and memory in bytes. */
  readonly name: string;
  readonly kernel: string;
  readonly memory: number;
  readonly rootless: boolean;
  /** `x86_64`, `aarch64`. */
  readonly architecture: string;
}

const info = z.object({
  CgroupVersion: z.string().optional(),
  DockerRootDir: z.string().optional(),
  Name: z.string().optional(),
  KernelVersion: z.string().optional(),
  MemTotal: z.number().optional(),
  OSType: z.string().optional(),
  Architecture: z.string().optional(),
  SecurityOptions: z.array(z.string()).nullish(),
  MemoryLimit: z.boolean().optional(),
  PidsLimit: z.boolean().optional(),
  CPUShares: z.boolean().optional(),
});

const version = z.object({
  Server: z
    .object({
      Version: z.string().optional(),
      ApiVersion: z.string().optional(),
      Components: z.array(z.object({ Name: z.string() })).nullish(),
    })
    .nullish(),
});

/** Seconds for the daemon's first answer; ssh and the docker command give up a connection after 30. */
const patience = 40;

/** The oldest Engine API we work with: Docker 20.10. */
const oldestApi = 41;

/**
 * Asks the daemon who it is.
 * @throws EnvironmentError when there is no docker command, no daemon, no permission, a daemon that is too
 * old, cgroups that kind cannot use, Windows containers, or podman behind the name docker; each with what to do.
 */
export async function findEngine(docker: Docker): Promise<Engine> {
  const [asked, told] = await Promise.all([
    docker.run(["version", "--format", "{{json .}}"], { deadline: patience * 1000 }),
    docker.run(["info", "--format", "{{json .}}"], { deadline: patience * 1000 }),
  ]).catch((error: unknown) => {
    const address = docker.env["DOCKER_HOST"] ?? docker.env["DOCKER_CONTEXT"] ?? "the daemon";
    const account = error instanceof TimeoutError ? silent(address, patience) : noDocker(messageOf(error));
    throw new EnvironmentError(account, { cause: error });
  });
  if (asked.code !== 0 || told.code !== 0)
    throw new EnvironmentError(refusal(`${asked.stderr}\n${told.stderr}`));
  return engineOf(asked.stdout, told.stdout);
}

/** Reads the answers of `docker version` and `docker info`. @throws EnvironmentError for what cannot be used. */
function engineOf(versionJson: string, infoJson: string): Engine {
  const { Server: server } = version.parse(JSON.parse(versionJson));
  const about = info.parse(JSON.parse(infoJson));
  if (server?.Components?.some(({ Name }) => /podman/i.test(Name)) === true || about.OSType === undefined) {
    throw new EnvironmentError({
      tried: "use the Docker daemon",
      seen: "the docker command speaks to podman",
      todo: "install Docker, or point DOCKER_HOST at a Docker daemon; kind on podman is not supported by this action",
    });
  }
  if (about.OSType !== "linux") {
    throw new EnvironmentError({
      tried: "use the Docker daemon",
      seen: `it runs ${about.OSType} containers`,
      todo: "use a Linux runner; kind's nodes are Linux containers",
    });
  }
  const apiVersion = server?.ApiVersion ?? "0";
  if (Number(apiVersion.split(".")[1] ?? 0) < oldestApi) {
    throw new EnvironmentError({
      tried: "use the Docker daemon",
      seen: `it is version ${server?.Version ?? "unknown"} (API ${apiVersion})`,
      todo: "update Docker to 20.10 (API 1.41) or later",
    });
  }
  const cgroupVersion = about.CgroupVersion === "2" ? "2" : "1";
  const rootless = about.SecurityOptions?.some((option) => option.includes("rootless")) === true;
  if (rootless) checkRootlessCgroups(cgroupVersion, about);
  return {
    version: server?.Version ?? "unknown",
    apiVersion,
    cgroupVersion,
    dataRoot: about.DockerRootDir ?? "",
    name: about.Name ?? "",
    kernel: about.KernelVersion ?? "",
    memory: about.MemTotal ?? 0,
    rootless,
    architecture: about.Architecture ?? "",
  };
}

/** What kind refuses minutes later. @see https://kind.sigs.k8s.io/docs/user/rootless/ */
function checkRootlessCgroups(cgroupVersion: "1" | "2", about: z.infer<typeof info>): void {
  const missing = (["MemoryLimit", "PidsLimit", "CPUShares"] as const).filter(
    (name) => about[name] === false,
  );
  if (cgroupVersion === "2" && missing.length === 0) return;
  throw new EnvironmentError({
    tried: "use the Docker daemon",
    seen:
      cgroupVersion === "1"
        ? "it is rootless and its machine has cgroup v1: kind cannot limit its nodes there"
        : `it is rootless and was not given the cgroup controllers for ${missing.join(", ")}`,
    todo:
      cgroupVersion === "1"
        ? "start that machine with cgroup v2 (kernel argument systemd.unified_cgroup_hierarchy=1), or use a Docker that is not rootless"
        : "let systemd delegate them to the user (Delegate=yes for user@.service, https://kind.sigs.k8s.io/docs/user/rootless/), or use a Docker that is not rootless",
  });
}

function noDocker(seen: string): Account {
  return {
    tried: "use the Docker daemon",
    seen: seen.includes("there is no program") ? "there is no docker command on PATH" : seen,
    todo:
      process.platform === "darwin"
        ? "GitHub's hosted macOS runners have no Docker: use a Linux runner, or install Docker on this one"
        : "install Docker on the runner; a container job needs the docker command in its image: `apt-get install docker.io` (Debian, Ubuntu), `apk add docker-cli` (Alpine), or `COPY --from=docker:cli /usr/local/bin/docker /usr/local/bin/` in its Dockerfile",
  };
}

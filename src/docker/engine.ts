import * as z from "zod";
import { type Account, EnvironmentError, messageOf } from "../support/errors.ts";
import { type Docker, linesOf } from "./docker.ts";

/** What the Docker daemon says of itself. */
export interface Engine {
  readonly version: string;
  /** Highest Engine API version, as `1.41`. */
  readonly apiVersion: string;
  readonly cgroupVersion: "1" | "2";
  /** Its data folder, on its own machine. */
  readonly dataRoot: string;
  readonly name: string;
  readonly rootless: boolean;
  /** `x86_64`, `aarch64`. */
  readonly architecture: string;
}

const info = z.object({
  CgroupVersion: z.string().optional(),
  DockerRootDir: z.string().optional(),
  Name: z.string().optional(),
  OSType: z.string().optional(),
  Architecture: z.string().optional(),
  SecurityOptions: z.array(z.string()).nullish(),
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

/** The oldest Engine API we work with: Docker 20.10. */
const oldestApi = 41;

/**
 * Asks the daemon who it is.
 * @throws EnvironmentError when there is no docker command, no daemon, no permission, a daemon that is too
 * old, Windows containers, or podman behind the name docker; each with what to do.
 */
export async function findEngine(docker: Docker): Promise<Engine> {
  const [asked, told] = await Promise.all([
    docker.run(["version", "--format", "{{json .}}"], { deadline: 40_000 }),
    docker.run(["info", "--format", "{{json .}}"], { deadline: 40_000 }),
  ]).catch((error: unknown) => {
    throw new EnvironmentError(noDocker(messageOf(error)), { cause: error });
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
  return {
    version: server?.Version ?? "unknown",
    apiVersion,
    cgroupVersion: about.CgroupVersion === "2" ? "2" : "1",
    dataRoot: about.DockerRootDir ?? "",
    name: about.Name ?? "",
    rootless: about.SecurityOptions?.some((option) => option.includes("rootless")) === true,
    architecture: about.Architecture ?? "",
  };
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

/** Known refusals of the docker command, and what to do about each. */
const refusals: readonly (readonly [pattern: RegExp, todo: string])[] = [
  [
    /permission denied \(publickey/i,
    "give ssh a key that the host accepts (ssh-agent, or IdentityFile in ~/.ssh/config)",
  ],
  [
    /permission denied/i,
    "add the runner's user to the group docker (`sudo usermod -aG docker $USER`, then start the runner again), or use rootless Docker",
  ],
  [
    /x509|certificate|tls:/i,
    "check DOCKER_CERT_PATH (ca.pem, cert.pem, key.pem), the certificates' dates and the host name they are for",
  ],
  [
    /context .*not found|context .*does not exist/i,
    "list the contexts with `docker context ls`, and correct DOCKER_CONTEXT or docker-context",
  ],
  [/host key verification failed/i, "add the host's key to known_hosts (`ssh-keyscan`), after checking it"],
  [
    /no such host|name or service not known|could not resolve/i,
    "correct the host name in DOCKER_HOST or docker-host",
  ],
  [
    /cannot connect|connection refused|no such file or directory|timed? ?out|failed to connect|error during connect/i,
    "start the Docker daemon, or correct DOCKER_HOST (now: see `docker context ls`)",
  ],
];

/** What the docker command's refusal means. */
export function refusal(stderr: string): Account {
  const seen = [...new Set(linesOf(stderr).map((line) => line.trim()))].slice(0, 3).join("; ");
  const known = refusals.find(([pattern]) => pattern.test(stderr));
  return {
    tried: "reach the Docker daemon",
    seen: seen === "" ? "no answer" : seen,
    todo: known?.[1] ?? "run `docker info` on the runner and mend what it says",
  };
}

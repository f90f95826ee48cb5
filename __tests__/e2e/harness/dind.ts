import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificates } from "../../../script/far/certificates.mjs";
import { addProgram, debianPath, imported, type JobImage, rootfs } from "./job-images.ts";
import { docker } from "./machine.ts";

const programs = [
  ...["docker", "dockerd", "docker-init", "docker-proxy", "containerd", "containerd-shim-runc-v2"],
  ...["runc", "ctr"],
];

/** A Debian with the machine's Docker engine, as the image docker:dind has one. */
export function dindImage(): JobImage {
  const over = mkdtempSync(join(tmpdir(), "image-"));
  for (const program of programs) addProgram(program, join(over, "usr/local/bin"));
  const runtime = JSON.parse(docker("info", "--format", "{{json .Runtimes}}")).lab?.path as
    | string
    | undefined;
  if (runtime !== undefined) {
    // The machine's own wrapper, around the program that is in the image.
    const wrapper = readFileSync(runtime, "utf8").replace(/^exec \S+/m, "exec /usr/local/bin/runc");
    writeFileSync(join(over, "usr/local/bin/lab-runtime"), wrapper, { mode: 0o755 });
  }
  return imported("dind", { base: rootfs(), over }, debianPath, ["VOLUME /var/lib/docker"]);
}

/** A Docker-in-Docker container that listens on TLS. */
export interface Dind {
  readonly name: string;
  /** The folder on this machine with what a client needs. */
  readonly certificates: string;
  /** A `docker` call there. */
  docker(...args: string[]): string;
  remove(): void;
}

const names = ["DNS:docker", "DNS:localhost", "IP:127.0.0.1"];

/**
 * Starts one, as a service container is started.
 * @param place network options of `docker run`.
 * @param mirror a registry, as host:port, that it reaches and pulls Docker Hub's images from.
 */
export async function startDind(
  { image }: JobImage,
  place: readonly string[],
  mirror: string | undefined,
): Promise<Dind> {
  const folder = mkdtempSync(join(tmpdir(), "dind-"));
  const certificates = join(folder, "certificates");
  makeCertificates(certificates, names);
  const name = `kind-ci-dind-${process.pid}-${Date.now()}`;
  const wrapped = docker("info", "--format", "{{.DefaultRuntime}}") === "lab";
  const options = [
    ...["--host", "unix:///var/run/docker.sock", "--host", "tcp://0.0.0.0:2376"],
    ...["--tlsverify", "--tlscacert", "/certs/ca.pem"],
    ...["--tlscert", "/certs/server.pem", "--tlskey", "/certs/server-key.pem"],
    ...(wrapped ? ["--add-runtime", "lab=/usr/local/bin/lab-runtime", "--default-runtime", "lab"] : []),
    ...(mirror === undefined ? [] : ["--registry-mirror", `http://${mirror}`]),
  ];
  docker(
    ...["run", "--detach", "--privileged", "--name", name, ...place, "--volume", `${certificates}:/certs:ro`],
    ...[image, "dockerd", ...options],
  );
  const dind: Dind = {
    name,
    certificates,
    docker: (...args) => docker("exec", name, "docker", "--host", "unix:///var/run/docker.sock", ...args),
    remove() {
      docker("rm", "--force", "--volumes", name);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  for (let tries = 0; ; tries++) {
    try {
      dind.docker("info", "--format", "{{.ServerVersion}}");
      return dind;
    } catch (error) {
      if (tries > 120) {
        const log = docker("logs", "--tail", "20", name);
        dind.remove();
        throw new Error(`the daemon in the container did not come up:\n${log}`, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

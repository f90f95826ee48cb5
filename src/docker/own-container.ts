import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { type Container, inspectContainer, type Mount } from "./containers.ts";
import type { Docker } from "./docker.ts";

/** The container of this daemon whose network is ours. */
export type OwnContainer = Pick<Container, "id" | "name" | "networks">;

/** The container of this daemon that this process is in. */
export interface AroundUs {
  readonly mounts: readonly Mount[];
  /** The one whose network is ours; undefined where we have the host's. */
  readonly network: OwnContainer | undefined;
}

/** More would only be tried where something is odd. */
const mostTried = 3;

/**
 * Which of the daemon's containers we are in. An id that looks like ours may be of another daemon, or of a container
 * around ours. So the daemon has to prove it: what it starts in that container must reach our own loopback.
 * @param ids that the container may have (environment/own-container.ts).
 * @param reachesUs has the daemon start something in a container and tells whether it came to our loopback.
 * @returns undefined where we are in none of its containers.
 */
export async function findContainerAroundUs(
  docker: Docker,
  ids: readonly string[],
  reachesUs = knocksFrom,
): Promise<AroundUs | undefined> {
  for (const id of ids.slice(0, mostTried)) {
    const container = await inspectContainer(docker, id);
    if (container?.running === true && (await reachesUs(docker, container.id)))
      return { mounts: container.mounts, network: await withNetwork(docker, container) };
  }
  return undefined;
}

/** The one that holds the network: with `--network container:…` it is another. */
async function withNetwork(docker: Docker, container: Container): Promise<OwnContainer | undefined> {
  const [mode, other] = container.networkMode.split(":");
  if (mode === "host") return undefined;
  return mode === "container" ? inspectContainer(docker, other ?? "") : container;
}

/** Milliseconds that the daemon may take to start a small program. */
const patience = 15_000;

/** Needs nothing in the image: the program is the one that we run on. */
const knock =
  "require('net').connect(+process.argv[1], '127.0.0.1').on('error', () => {}).end(process.argv[2])";

async function knocksFrom(docker: Docker, container: string): Promise<boolean> {
  const word = randomBytes(16).toString("hex");
  const door = createServer();
  const heard = new Promise<boolean>((resolve) => {
    door.on("connection", (client) => {
      let said = "";
      client.on("error", () => {});
      client.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        if (said === word) resolve(true);
      });
    });
  });
  await new Promise<void>((resolve, reject) => {
    door.once("error", reject);
    door.listen({ host: "127.0.0.1", port: 0 }, resolve);
  });
  const address = door.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const args = ["exec", container, process.execPath, "-e", knock, String(port), word];
  const ended = docker.run(args, { deadline: patience }).then(
    async ({ code }) => {
      // What it sent may be on its way to us still.
      if (code === 0) await new Promise((resolve) => setTimeout(resolve, 200));
      return false;
    },
    () => false,
  );
  const proven = await Promise.race([heard, ended]);
  await ended;
  door.close();
  return proven;
}

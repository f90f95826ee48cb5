import type { Container } from "../../../src/docker/containers.ts";
import type { Found } from "../../../src/plan/found.ts";
import type { OwnerRecord } from "../../../src/resources/owner-record.ts";
import { parseSettings } from "../../../src/settings/parse-settings.ts";
import type { Settings } from "../../../src/settings/settings.ts";

/** Settings as a workflow with these inputs asks for them. */
export function settingsOf(inputs: Record<string, string> = {}): Settings {
  return parseSettings(inputs);
}

/** What is found on a machine with Docker and nothing on it. */
export function foundWith(more: Partial<Found> = {}): Found {
  return {
    job: {
      repository: "someone/project",
      run: "4711",
      attempt: "1",
      job: "test",
      runner: "runner-1",
      host: "machine",
      folder: "/temp/kind-ci",
      folderOnHost: "/temp/kind-ci",
    },
    engine: {
      version: "28.0.0",
      apiVersion: "1.48",
      cgroupVersion: "2",
      dataRoot: "/var/lib/docker",
      name: "machine",
      kernel: "6.8.0-generic",
      memory: 8 * 1024 ** 3,
      rootless: false,
      architecture: "x86_64",
    },
    address: "unix:///var/run/docker.sock",
    jobContainer: undefined,
    nodes: [],
    records: [],
    registryContainer: undefined,
    networkExists: false,
    registryPortTaken: false,
    machine: { name: "machine", kernel: "6.8.0-generic", memory: 8 * 1024 ** 3 },
    limits: { diskFree: undefined, inotifyWatches: undefined, inotifyInstances: undefined },
    userConfig: undefined,
    image: { reference: "kindest/node:v1.34.4@sha256:aa", digest: "sha256:aa", kubernetesVersion: "1.34.4" },
    imageReason: "kind's default",
    imageNotice: undefined,
    foreignContext: false,
    remoteRegistry: undefined,
    ...more,
  };
}

export function recordWith(more: Partial<OwnerRecord> = {}): OwnerRecord {
  return {
    volume: "kind-ci-0123456789ab",
    owner: "0123456789ab",
    cluster: "kind",
    repository: "else/where",
    run: "99",
    attempt: "2",
    job: "build",
    runner: "runner-9",
    host: "far",
    place: "0a1b2c3d4e5f",
    started: "2026-01-31T12:00:00.000Z",
    madeNetwork: false,
    jobContainer: "",
    ...more,
  };
}

export function containerWith(more: Partial<Container> = {}): Container {
  return {
    id: "c0ffee",
    name: "kind-registry",
    created: "2026-01-31T12:00:00Z",
    running: true,
    image: "registry:3",
    labels: {},
    mounts: [],
    networks: ["kind"],
    networkMode: "default",
    ports: { "5000/tcp": { address: "127.0.0.1", port: 5000 } },
    ...more,
  };
}

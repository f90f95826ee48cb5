import { hostname, release, totalmem } from "node:os";

/** What a machine is known by, to those on it and to those who ask its Docker daemon. */
export interface Machine {
  /** Its host name. */
  readonly name: string;
  /** The kernel's release, as `uname -r` says it. */
  readonly kernel: string;
  /** Bytes. */
  readonly memory: number;
}

/** The machine that this process is on; in a container its name is the container's. */
export function thisMachine(): Machine {
  return { name: hostname(), kernel: release(), memory: totalmem() };
}

/** Whether two accounts are of one machine. One that tells nothing is not taken for it. */
export function isSameMachine(one: Machine, other: Machine): boolean {
  return (
    one.name !== "" && one.name === other.name && one.kernel === other.kernel && one.memory === other.memory
  );
}

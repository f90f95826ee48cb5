import type { Carrier } from "../docker/exec-stream.ts";
import type { Target } from "./route.ts";

/** A way to the other side. They can be exchanged: nothing but the name tells them apart from here. */
export interface Transport {
  readonly name: "direct" | "ssh" | "stream";
  /** Begins what the first connection to a target would wait for. */
  prepare(target: Target): void;
  /** A new connection to a target. @throws when the other side cannot be reached now. */
  open(target: Target): Promise<Carrier>;
}

import { type EngineApi, EngineError } from "../docker/engine-api.ts";

/** Milliseconds: between two looks, and without an answer after which nobody will miss the tunnel. */
const every = 3_000;
const givenUpAfter = 30 * 60_000;

/** Resolves with the reason when the node is gone for good. A daemon that is away for a while is waited for. */
export async function nodeGone(api: EngineApi, node: string): Promise<string> {
  let answered = Date.now();
  for (;;) {
    try {
      await api.call("GET", `/containers/${encodeURIComponent(node)}/json`);
      answered = Date.now();
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return "the cluster is gone";
      if (Date.now() - answered > givenUpAfter) return "the daemon has not answered for half an hour";
    }
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

/** The node's id: a later container of the same name is another cluster's. @throws EngineError */
export async function nodeId(api: EngineApi, name: string): Promise<string> {
  const found = await api.call("GET", `/containers/${encodeURIComponent(name)}/json`);
  if (typeof found === "object" && found !== null && "Id" in found) return String(found.Id);
  throw new Error(`the daemon did not tell the id of ${name}`);
}

import type { EngineApi } from "../docker/engine-api.ts";
import { openExec } from "../docker/exec-stream.ts";
import { bashEnd } from "./bash-end.ts";
import { multiplexer } from "./multiplexer.ts";
import type { Target } from "./route.ts";
import { Sessions } from "./sessions.ts";
import type { Transport } from "./transport.ts";
import { Turns } from "./turns.ts";

/** How many starts of a process the daemon is asked for at once: it does them no faster side by side. */
const startsAtOnce = 8;

type Log = (line: string) => void;

/**
 * Streams through the daemon, each to a process in the node's container. It works wherever the docker command works.
 * @param log gets what the far ends complain about.
 */
export async function streamTransport(api: EngineApi, node: string, log: Log): Promise<Transport> {
  const perl = await hasPerl(api, node);
  log(`streams through the daemon end in ${perl ? "perl" : "bash"} in ${node}`);
  return perl ? manyOnOne(api, node, log) : oneForEach(api, node, log);
}

/** Each target has a stream of its own: a large pull from the registry is not in the way of the API server. */
function manyOnOne(api: EngineApi, node: string, log: Log): Transport {
  const targets = new Map<string, Sessions>();
  const to = (target: Target): Sessions => {
    const key = `${target.host}:${target.port}`;
    const complain = (line: string) => log(`far end of ${key}: ${line}`);
    const known =
      targets.get(key) ?? new Sessions(() => openExec(api, node, multiplexer(target), complain), complain);
    targets.set(key, known);
    return known;
  };
  return {
    name: "stream",
    prepare: (target) => void to(target),
    async open(target) {
      const connection = await to(target).connect();
      return { input: connection, output: connection, destroy: () => connection.destroy() };
    },
  };
}

function oneForEach(api: EngineApi, node: string, log: Log): Transport {
  const turns = new Turns(startsAtOnce);
  const complain = (line: string) => log(`far end: ${line}`);
  return {
    name: "stream",
    prepare() {},
    open: (target) => turns.take(() => openExec(api, node, bashEnd(target), complain, "as told")),
  };
}

async function hasPerl(api: EngineApi, node: string): Promise<boolean> {
  const asked = await openExec(api, node, ["sh", "-c", "command -v perl"], () => {});
  asked.input.end();
  let said = "";
  for await (const part of asked.output) said += String(part);
  asked.destroy();
  return said.includes("perl");
}

import type { Target } from "./route.ts";

/**
 * What runs in a node's container for one connection where somebody's node image has no perl. By a line on stderr it tells
 * that the target has ended in good order (docker/exec-stream.ts): a target that was reset and a program that was
 * killed have not. bash cannot close one direction alone: after the client's end the target gets two seconds. Each is
 * waited for by its number: `wait -n` forgets one that has ended before it is asked.
 */
const program = `
exec 3<>"/dev/tcp/$1/$2" 4<&0 || exit 1
cat <&3 & reads=$!
{ trap 'kill $!; exit' TERM; cat <&4 >&3 & wait $!; sleep 2; kill $reads; } >/dev/null 2>&1 & writes=$!
wait $reads && echo end >&2
kill $writes 2>/dev/null
`;

/** The command that runs in the node's container. */
export function bashEnd({ host, port }: Target): string[] {
  return ["bash", "-c", program, "bash", host, String(port)];
}

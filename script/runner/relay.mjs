// @ts-check
// Takes connections on an address and brings them to another; in whatever network it is started in.
//   node relay.mjs LISTEN-HOST TARGET-HOST:PORT     says its port, then goes on until its stdin ends
import { connect, createServer } from "node:net";

const [listenHost = "", target = ""] = process.argv.slice(2);
const [host = "", port = ""] = target.split(":");
const server = createServer((client) => {
  const there = connect({ host, port: Number(port) });
  client.on("error", () => there.destroy());
  there.on("error", () => client.destroy());
  client.pipe(there).pipe(client);
});
server.listen({ host: listenHost, port: 0 }, () => {
  const address = server.address();
  process.stdout.write(`${typeof address === "object" && address !== null ? address.port : 0}\n`);
});
process.stdin.on("end", () => process.exit()).resume();

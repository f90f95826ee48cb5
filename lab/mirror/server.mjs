// A download mirror: <base>/<host>/<path> is the file <folder>/<host>/<path>. One line a request goes to the log.
// Usage: node server.mjs FOLDER PORT LOG
import { appendFileSync, createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { join, normalize } from "node:path";

const [folder, port, log] = process.argv.slice(2);

function fileOf(url) {
  const path = normalize(decodeURIComponent(new URL(url, "http://mirror").pathname));
  const file = join(folder, path);
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats?.isFile() ? { file, size: stats.size } : undefined;
}

createServer((request, response) => {
  const found = fileOf(request.url);
  const status = found === undefined ? 404 : 200;
  appendFileSync(log, `${request.method} ${request.url} ${status}\n`);
  if (found === undefined) {
    response.writeHead(404, { "content-type": "text/plain" });
    return response.end("Not Found\n");
  }
  response.writeHead(200, { "content-length": found.size, "content-type": "application/octet-stream" });
  if (request.method === "HEAD") return response.end();
  createReadStream(found.file).pipe(response);
}).listen(Number(port), "127.0.0.1");

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { engineApi } from "../../../src/docker/engine-api.ts";
import { newFolder } from "../new-folder.ts";

/** A daemon on a socket that answers each call the same way. */
async function daemonThat(answers: (request: IncomingMessage, response: ServerResponse) => void) {
  const path = join(await newFolder("daemon"), "docker.sock");
  const server = createServer(answers);
  server.on("upgrade", (request, socket) => {
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly");
    socket.on("data", (data) => socket.end(`${request.url} got ${String(data)}`));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return engineApi({ kind: "socket", path });
}

test("a call has a JSON body and answer, and a host that is valid", async () => {
  const api = await daemonThat((request, response) => {
    const { method, url, headers } = request;
    request.on("data", (body) =>
      response.end(JSON.stringify({ method, url, host: headers.host, body: JSON.parse(String(body)) })),
    );
  });
  await expect(api.call("POST", "/containers/x/exec", { Cmd: ["a"] })).resolves.toEqual({
    method: "POST",
    url: "/containers/x/exec",
    host: "docker",
    body: { Cmd: ["a"] },
  });
});

test("a refusal has the daemon's own words", async () => {
  const api = await daemonThat((_, response) =>
    response.writeHead(404).end(JSON.stringify({ message: "No such container: x" })),
  );
  await expect(api.call("GET", "/containers/x/json")).rejects.toMatchObject({
    name: "EngineError",
    status: 404,
    message: "No such container: x",
  });
});

test("a page in the daemon's place is an error of the call, and of nobody else", async () => {
  const api = await daemonThat((_, response) => response.end("<html>come back later</html>"));
  await expect(api.call("GET", "/containers/x/json")).rejects.toThrow(/JSON/);
});

test("a hijacked connection is a stream, with what came early", async () => {
  const api = await daemonThat(() => {});
  const { stream, early } = await api.hijack("/exec/x/start", { Tty: false });
  stream.write("words");
  let said = String(early);
  for await (const part of stream) said += String(part);
  expect(said).toMatch(/^early.* got .*words$/);
});

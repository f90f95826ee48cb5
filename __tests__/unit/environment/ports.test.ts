import { createServer, type Server } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { portTaken } from "../../../src/environment/ports.ts";

/** A listener on a port that the system chooses. */
async function listen(host: string): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("unreachable");
  return { server, port: address.port };
}

test.each(["127.0.0.1", "0.0.0.0"])(
  "a port with a listener on %s is taken; free when that ends",
  async (host) => {
    const { server, port } = await listen(host);
    expect(await portTaken(port)).toBe(true);
    await new Promise((resolve) => server.close(resolve));
    expect(await portTaken(port)).toBe(false);
  },
);

test("looking does not take the port", async () => {
  const { server, port } = await listen("127.0.0.1");
  await new Promise((resolve) => server.close(resolve));
  expect(await portTaken(port)).toBe(false);
  expect(await portTaken(port)).toBe(false);
});

import { type AddressInfo, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { directTransport } from "../../../src/tunnel/direct-transport.ts";

/** Answers when its client has said all. */
async function answering(): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    let said = "";
    client.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    client.on("end", () => client.end(`heard ${said}`));
  });
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test.each([
  ["what the node calls its loopback is the node", "127.0.0.1", "localhost"],
  ["another is what it is", "localhost", "nowhere.invalid"],
])("%s; each direction ends apart from the other", async (_name, host, node) => {
  const port = await answering();
  const carrier = await directTransport(node).open({ host, port });
  carrier.input.end("all");
  let heard = "";
  for await (const part of carrier.output) heard += String(part);
  expect(heard).toBe("heard all");
});

test("a side that refuses is an error of the opening", async () => {
  const port = await answering();
  const refusing = directTransport("nowhere.invalid").open({ host: "127.0.0.1", port });
  await expect(refusing).rejects.toThrow("nowhere.invalid");
});

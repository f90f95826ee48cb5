import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Carrier, StdoutOfFrames } from "../../../src/docker/exec-stream.ts";
import { forward } from "../../../src/tunnel/forwarder.ts";
import type { Transport } from "../../../src/tunnel/transport.ts";
import { dockerFrame as frame } from "./engine.ts";

const route = { name: "api", port: 0, target: { host: "far", port: 6443 } } as const;

/** A transport whose far side is in the test's hands. */
function inHand() {
  const carriers: { input: PassThrough; output: PassThrough; dropped: boolean }[] = [];
  const transport: Transport = {
    name: "stream",
    prepare: () => {},
    open: () => {
      const one = { input: new PassThrough(), output: new PassThrough(), dropped: false };
      carriers.push(one);
      const destroy = () => {
        one.dropped = true;
        one.input.destroy();
        one.output.destroy();
      };
      return Promise.resolve({ input: one.input, output: one.output, destroy } satisfies Carrier);
    },
  };
  return { carriers, transport };
}

async function carried(transport: Transport, lines: string[] = []): Promise<Socket> {
  const forwarder = await forward(
    route,
    () => transport,
    (line) => lines.push(line),
  );
  onTestFinished(() => forwarder.close());
  const client = connect({ host: "127.0.0.1", port: forwarder.port, allowHalfOpen: true });
  onTestFinished(() => {
    client.destroy();
  });
  return client;
}

const soon = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};

test("both directions, each with an end of its own", async () => {
  const { carriers, transport } = inHand();
  const client = await carried(transport);
  client.end("question");
  await soon(() => carriers[0]?.input.writableEnded === true);
  expect(String(carriers[0]?.input.read())).toBe("question");
  carriers[0]?.output.end("answer");
  let heard = "";
  for await (const part of client) heard += String(part);
  expect(heard).toBe("answer");
});

test("a client that resets lets the other side go", async () => {
  const { carriers, transport } = inHand();
  const client = await carried(transport);
  await soon(() => carriers.length === 1);
  client.resetAndDestroy();
  await soon(() => carriers[0]?.dropped === true);
});

test("a client that closes looks like one that has said all: the far side is told its end", async () => {
  const { carriers, transport } = inHand();
  const client = await carried(transport);
  await soon(() => carriers.length === 1);
  client.destroy();
  await soon(() => carriers[0]?.input.writableEnded === true);
});

test("a far side that is cut off is no orderly end for the client, and is told in the log", async () => {
  const { carriers, transport } = inHand();
  const lines: string[] = [];
  const client = await carried(transport, lines);
  await soon(() => carriers.length === 1);
  const failed = new Promise<Error>((resolve) => client.once("error", resolve));
  carriers[0]?.output.destroy(new Error("cut"));
  client.write("x");
  expect((await failed).message).toMatch(/ECONNRESET|EPIPE/);
  expect(lines).toEqual(["api: cut"]);
});

test("what a client says after the other side's end keeps nothing open", async () => {
  const { carriers, transport } = inHand();
  const client = await carried(transport);
  await soon(() => carriers.length === 1);
  client.resume();
  carriers[0]?.output.end("bye");
  await new Promise((resolve) => client.once("end", resolve));
  await soon(() => carriers[0]?.dropped === true);
  const closed = new Promise((resolve) => client.once("close", resolve));
  client.end(Buffer.alloc(20_000_000));
  await closed;
});

test("a client that does not read holds up its own far side", async () => {
  const { carriers, transport } = inHand();
  const client = await carried(transport);
  client.pause();
  await soon(() => carriers.length === 1);
  const output = carriers[0]?.output;
  let sent = 0;
  const chunk = Buffer.alloc(65_536);
  for (let tries = 0; tries < 2_000; tries++) {
    if (output?.write(chunk) === true) sent++;
    if (tries % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(sent).toBeLessThan(1_000);
});

test("no way to the other side: the client is refused and the log says why", async () => {
  const lines: string[] = [];
  const open = () => Promise.reject(new Error("the daemon is away"));
  const client = await carried({ name: "stream", prepare: () => {}, open }, lines);
  const failed = await new Promise<Error>((resolve) => client.once("error", resolve));
  expect(failed.message).toContain("ECONNRESET");
  expect(lines.join()).toContain("the daemon is away");
});

test("a port that is taken is told", async () => {
  const server = createServer();
  onTestFinished(() => {
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await expect(
    forward(
      { ...route, port },
      () => inHand().transport,
      () => {},
    ),
  ).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
});

async function textOf(output: StdoutOfFrames): Promise<string> {
  let text = "";
  for await (const part of output) text += String(part);
  return text;
}

test("Docker's frames, cut anywhere: stdout passes, stderr is told", async () => {
  const bytes = Buffer.concat([frame(1, "out "), frame(2, "complaint"), frame(1, ""), frame(1, "and more")]);
  for (let size = 1; size <= bytes.length; size++) {
    const complaints: string[] = [];
    const output = new StdoutOfFrames((text) => complaints.push(text));
    for (let at = 0; at < bytes.length; at += size) output.write(bytes.subarray(at, at + size));
    output.end();
    expect(await textOf(output)).toBe("out and more");
    expect(complaints.join("")).toBe("complaint");
  }
});

describe("an end that must be told", () => {
  const output = (...frames: Buffer[]) => {
    const told = new StdoutOfFrames(() => {}, true);
    for (const one of frames) told.write(one);
    return told;
  };

  test("and is told, wherever among the bytes", async () => {
    for (const frames of [
      [frame(1, "all of"), frame(1, " it"), frame(2, "end\n")],
      [frame(2, "end\n"), frame(1, "all of"), frame(1, " it")],
    ]) {
      const told = output(...frames);
      told.end();
      expect(await textOf(told)).toBe("all of it");
    }
  });

  test("and is not told: the stream's end is a failure", async () => {
    const cut = output(frame(1, "half"), frame(2, "complaint\n"));
    cut.end();
    await expect(textOf(cut)).rejects.toThrow("cut off after 4 bytes");
  });
});

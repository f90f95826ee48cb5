import { expect, test } from "vitest";
import type { Carrier } from "../../../src/docker/exec-stream.ts";
import { streamTransport } from "../../../src/tunnel/stream-transport.ts";
import { localEngine } from "./engine.ts";
import { serve } from "./servers.ts";

async function asked({ input, output }: Carrier, question: string): Promise<string> {
  input.write(question);
  let text = "";
  await new Promise((resolve, reject) => {
    output.on("data", (part) => {
      text += String(part);
    });
    output.once("end", resolve).once("error", reject);
  });
  return text;
}

const answering = () => serve((socket) => socket.once("data", (data) => socket.end(`you said ${data}`)));

test.each([
  ["perl: one process for all connections to a target", [], "perl", 1],
  ["no perl: bash, a process for each, no more than eight started at once", ["perl"], "bash", 20],
] as const)("%s", async (_, missing, program, processes) => {
  const { port } = await answering();
  const { api, commands, seen } = localEngine(missing);
  const lines: string[] = [];
  const transport = await streamTransport(api, "node", (line) => lines.push(line));
  expect(lines).toEqual([`streams through the daemon end in ${program} in node`]);
  const target = { host: "127.0.0.1", port };
  transport.prepare(target);
  const answers = Array.from({ length: 20 }, async (_, at) => asked(await transport.open(target), `${at}`));
  expect(await Promise.all(answers)).toEqual(Array.from({ length: 20 }, (_, at) => `you said ${at}`));
  expect(commands.filter(([name]) => name === program)).toHaveLength(processes);
  expect(seen.atOnce).toBeLessThanOrEqual(8);
});

test("targets do not share a process", async () => {
  const servers = await Promise.all([answering(), answering()]);
  const { api, commands } = localEngine();
  const transport = await streamTransport(api, "node", () => {});
  for (const { port } of servers)
    expect(await asked(await transport.open({ host: "127.0.0.1", port }), "x")).toBe("you said x");
  expect(commands.filter(([name]) => name === "perl")).toHaveLength(2);
});

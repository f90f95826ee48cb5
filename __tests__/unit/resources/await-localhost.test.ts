import { createServer } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { lookForRegistry, proveCarried } from "../../../src/resources/await-localhost.ts";
import { EnvironmentError } from "../../../src/support/errors.ts";
import type { RunOptions } from "../../../src/support/process-runner.ts";
import { fakeDocker } from "../docker/fake-docker.ts";
import { quickClock } from "../quick-clock.ts";

const owner = "abcdefabcdef";

/** A registry on our loopback that answers with these headers; its port, which nobody listens on when it is ended. */
async function registryWith(headers: Record<string, string>, { ended = false } = {}): Promise<number> {
  const server = createServer((_, response) => response.writeHead(200, headers).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("unreachable");
  if (ended) await new Promise((resolve) => server.close(resolve));
  else
    onTestFinished(() => {
      server.close();
    });
  return address.port;
}

/** Waits for it; the log says at once that the registry listens. */
function wait(port: number) {
  const asked: (RunOptions | undefined)[] = [];
  const { docker } = fakeDocker([[/logs/, { stdout: 'msg="listening on [::]:5000"\n' }]]);
  const watched = {
    ...docker,
    run: (args: readonly string[], options?: Omit<RunOptions, "env">) => {
      asked.push(options);
      return docker.run(args, options);
    },
  };
  const registry = { name: "kind-registry", port, owner };
  const waited = lookForRegistry(registry, true, { docker: watched, clock: quickClock() });
  return { waited, asked };
}

test("the registry of this use is found by its header, and its log is followed no longer then", async () => {
  const { waited, asked } = wait(await registryWith({ "X-Kind-Ci-Owner": owner }));
  await expect(waited).resolves.toEqual({ ours: true });
  expect(asked[0]?.signal?.aborted).toBe(true);
});

describe.each([
  ["of another use", { "X-Kind-Ci-Owner": "fedcbafedcba" }, false, /as the registry of another run/],
  ["of somebody else", {}, false, /without this run's header \(HTTP 200\)/],
  ["that is not there", {}, true, /refuses connections/],
])("one %s", (_, headers, ended, seen) => {
  test("means that Docker is elsewhere, with what was seen", async () => {
    const { waited, asked } = wait(await registryWith(headers, { ended }));
    await expect(waited).resolves.toEqual({ ours: false, seen: expect.stringMatching(seen) });
    expect(asked[0]?.signal?.aborted).toBe(true);
  });

  test("means that the tunnel does not carry it, with what was seen and what to do", async () => {
    const port = await registryWith(headers, { ended });
    const proven = proveCarried({ name: "kind-registry", port, owner }, { clock: quickClock() });
    await expect(proven).rejects.toBeInstanceOf(EnvironmentError);
    await expect(proven).rejects.toThrow(seen);
    await expect(proven).rejects.toThrow(/kind-registry[\s\S]*To do: see the tunnel's log/);
  });
});

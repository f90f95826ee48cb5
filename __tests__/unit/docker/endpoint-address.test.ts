import { expect, test } from "vitest";
import { dockerCommand } from "../../../src/docker/docker.ts";
import { endpointAddress } from "../../../src/docker/endpoint-address.ts";
import { fakeDocker, fakeRunner } from "./fake-docker.ts";

const context = (host: string) =>
  JSON.stringify([{ Name: "default", Metadata: {}, Endpoints: { docker: { Host: host } }, TLSMaterial: {} }]);

test("the address is that of the context that the docker command uses", async () => {
  const { docker, lines } = fakeDocker([[/context inspect$/, { stdout: context("ssh://build@far") }]]);
  expect(await endpointAddress(docker)).toBe("ssh://build@far");
  // No name is given: docker itself resolves DOCKER_HOST, DOCKER_CONTEXT and the chosen context.
  expect(lines()).toEqual(["context inspect"]);
});

test.each([
  [{ DOCKER_HOST: "tcp://far:2376" }, "tcp://far:2376"],
  [{}, ""],
])("where docker knows no contexts, with %j it is “%s”", async (env, address) => {
  const { runner } = fakeRunner([[/./, { code: 1, stderr: "unknown command" }]]);
  expect(await endpointAddress(dockerCommand(runner, env))).toBe(address);
});

const { execFileSync } = require("node:child_process");

const lists = {
  container: ["ps", "--all", "--format", "{{.Names}}"],
  network: ["network", "ls", "--format", "{{.Name}}"],
  volume: ["volume", "ls", "--format", "{{.Name}}"],
};

/** What Docker has, as "container kind-control-plane". */
exports.inventory = () =>
  Object.entries(lists).flatMap(([kind, args]) =>
    execFileSync("docker", args, { encoding: "utf8" })
      .split("\n")
      .filter((name) => name !== "")
      .map((name) => `${kind} ${name}`),
  );

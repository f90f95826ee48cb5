// Imports point one way:
//   doors → steps → up, down, find, report → plan, resources, ledger → tools, tunnel, remote-registry → docker
//   → connection → settings, environment → support
// docs/architecture.md says why.

/** From the doors inwards; a layer may import its own modules and those of the layers after it. */
const layers = [
  "^src/(main|post|cli|tunnel-process)\\.ts$",
  "^src/(steps|commands)/",
  "^src/((up|down|find|find-node-image|find-remote-registry)\\.ts$|report/)",
  "^src/(plan|resources|ledger\\.ts$)",
  "^src/(tools|tunnel|remote-registry)/",
  "^src/docker/",
  "^src/connection/",
  "^src/(settings|environment)/",
  "^src/(support/|timeline\\.ts$)",
];

const names = layers.map((pattern) => pattern.replaceAll(/[\^$\\]/g, "").replace(/^src\//, ""));

const outward = layers.slice(1).map((pattern, index) => ({
  name: `inward-only-from-${names[index + 1]}`,
  comment: `Imports point inwards: ${names.join(" → ")}`,
  severity: "error",
  from: { path: pattern },
  to: { path: layers.slice(0, index + 1) },
}));

module.exports = {
  forbidden: [
    ...outward,
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "toolkit-only-at-the-doors",
      comment: "Logger, clock, process runner and environment are handed to the core.",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: "^src/((main|post)\\.ts$|steps/|report/actions-logger\\.ts$|.*\\.lazy\\.ts$)",
      },
      to: { path: "node_modules/@actions/" },
    },
    {
      name: "not-to-tests",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(__tests__|script|lab)/" },
    },
    {
      name: "resolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "no-dev-packages",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
      extensions: [".ts", ".mjs", ".cjs", ".js", ".json"],
    },
  },
};

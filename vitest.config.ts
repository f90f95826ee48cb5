import { defineConfig } from "vitest/config";

const seconds = 1000;

/** Tests that share a daemon: one file after the other, each with time for real work. */
const inTurn = (name: string, limit: number, order: number, globalSetup: string[] = []) => ({
  test: {
    name,
    globalSetup,
    include: [`__tests__/${name}/**/*.test.ts`],
    pool: "forks" as const,
    fileParallelism: false,
    testTimeout: limit,
    hookTimeout: limit,
    sequence: { groupOrder: order },
  },
});

export default defineConfig({
  test: {
    allowOnly: false,
    projects: [
      {
        test: {
          name: "unit",
          include: ["__tests__/unit/**/*.test.ts"],
          pool: "threads",
          testTimeout: 60 * seconds,
          unstubEnvs: true,
          unstubGlobals: true,
          restoreMocks: true,
          sequence: { groupOrder: 0 },
        },
      },
      inTurn("integration", 120 * seconds, 1),
      inTurn("e2e", 600 * seconds, 2, ["__tests__/e2e/harness/path-without-tools.ts"]),
      inTurn("second-kubernetes", 600 * seconds, 3, ["__tests__/e2e/harness/path-without-tools.ts"]),
      inTurn("long", 1800 * seconds, 4, ["__tests__/e2e/harness/path-without-tools.ts"]),
    ],
  },
});

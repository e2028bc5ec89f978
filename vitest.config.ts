import { defineConfig } from "vitest/config";
import { TestSummary } from "./infra/check/test-summary.ts";

export default defineConfig({
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "packages/contexts/*/test/**/*.test.ts",
      "services/*/test/**/*.test.ts",
      "test/**/*.test.ts",
    ],
    globalSetup: ["./packages/postgres/testing/global-setup.ts", "./test/support/kafka/global-setup.ts"],
    setupFiles: ["./infra/check/test-guard.ts"],
    reporters: ["default", new TestSummary()],
    pool: "forks",
    maxWorkers: 2,
    retry: 0,
    passWithNoTests: false,
    allowOnly: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});

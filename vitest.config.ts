import { defineConfig } from "vitest/config";
import { TestSummary } from "./infra/check/test-summary.ts";

/** What needs no server, `npm run test:unit`: a test of these has five seconds. */
const UNIT = {
  include: [
    "packages/{kernel,schema,event-store}/test/**/*.test.ts",
    "packages/contexts/programme/test/**/*.test.ts",
    "packages/contexts/*/test/domain/**/*.test.ts",
    "test/contract/events/**/*.test.ts",
  ],
  exclude: ["**/java-reader.test.ts"],
  isolate: false,
  testTimeout: 5_000,
  hookTimeout: 5_000,
  // Properties take whatever time they are given: here a part of it, in the whole all.
  env: { TAEM_TEST_PROPERTIES: "brief" },
};

const WHOLE = {
  include: [
    "packages/*/test/**/*.test.ts",
    "packages/contexts/*/test/**/*.test.ts",
    "services/*/test/**/*.test.ts",
    "test/**/*.test.ts",
  ],
  globalSetup: [
    "./packages/postgres/testing/global-setup.ts",
    "./packages/testing/src/kafka/global-setup.ts",
  ],
  testTimeout: 180_000,
  hookTimeout: 180_000,
};

export default defineConfig(({ mode }) => ({
  test: {
    ...(mode === "unit" ? UNIT : WHOLE),
    setupFiles: ["./infra/check/test-guard.ts"],
    reporters: ["default", new TestSummary()],
    pool: "forks",
    maxWorkers: 2,
    retry: 0,
    passWithNoTests: false,
    allowOnly: false,
  },
}));

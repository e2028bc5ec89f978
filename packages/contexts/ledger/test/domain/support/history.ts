import fc from "fast-check";
import type { ModelRules } from "../model.ts";
import { absences, modelRules, type Operation, operations, returns } from "./operations.ts";
import { World } from "./world.ts";

interface Run {
  readonly rules: ModelRules;
  readonly operations: readonly Operation[];
}

export const runs: fc.Arbitrary<Run> = fc.record({ rules: modelRules, operations });

/** Runs that come and go between credit and debt. */
export const returning: fc.Arbitrary<Run> = fc.record({
  rules: modelRules.map((rules): ModelRules => ({ ...rules, clawback: "unlimited" })),
  operations: returns,
});

/** Runs in which returns waive what is out, and find it as it comes back; few transfers arrive. */
export const waiving: fc.Arbitrary<Run> = fc.record({
  rules: modelRules.map((rules): ModelRules => ({ ...rules, clawback: "within_balance", maxBalance: 10n })),
  operations: absences,
});

export function played(run: Run): World {
  const world = new World(run.rules);
  for (const operation of run.operations) world.perform(operation);
  return world;
}

/** Of the time that a property gets. */
const PART = process.env["TAEM_TEST_PROPERTIES"] === "brief" ? 0.4 : 1;

/** Checks a property on as many runs as fit into the time; a failure prints the seed that repeats it. */
export function holds<T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => void, seconds = 1.5): void {
  fc.assert(
    fc.property(arbitrary, (value) => check(value)),
    { numRuns: 2_000, interruptAfterTimeLimit: seconds * PART * 1_000 },
  );
}

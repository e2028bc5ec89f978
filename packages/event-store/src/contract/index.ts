import { describe, test } from "vitest";
import { appendFacts } from "./append-facts.ts";
import { followFacts } from "./follow-facts.ts";
import type { EventStoreHarness, Fact } from "./harness.ts";
import { readFacts } from "./read-facts.ts";
import { restartFacts } from "./restart-facts.ts";

export { counterContract } from "./counter-contract.ts";
export type { EventStoreHarness } from "./harness.ts";
export { keyedContract } from "./keyed-contract.ts";
export { snapshotContract } from "./snapshot-contract.ts";

/** What an adapter does instead of a fact, and why; `test` asserts it. */
export interface ContractException {
  readonly reason: string;
  readonly test: Fact["test"];
}

const FACTS = [...appendFacts, ...readFacts, ...followFacts, ...restartFacts];
/** Of one fact. A store that only finds by polling what it should be woken for does not finish in it. */
const TIMEOUT_MS = 60_000;

/** Declares the tests that every event store passes, each on a store of its own. Exceptions are keyed by test name. */
export function eventStoreContract(
  name: string,
  makeHarness: () => Promise<EventStoreHarness>,
  exceptions: Readonly<Record<string, ContractException>> = {},
): void {
  const unknown = Object.keys(exceptions).filter((key) => FACTS.every((fact) => fact.name !== key));
  if (unknown.length > 0) throw new Error(`no fact of the contract is named: ${unknown.join("; ")}`);

  describe(`${name} keeps the event store contract`, () => {
    for (const fact of FACTS) {
      const exception = exceptions[fact.name];
      const title = exception === undefined ? fact.name : `except (${exception.reason}): ${fact.name}`;
      test(title, { timeout: TIMEOUT_MS }, async ({ skip }) => {
        const harness = await makeHarness();
        try {
          if (restartFacts.includes(fact) && harness.cannotRestart !== undefined) skip(harness.cannotRestart);
          await (exception ?? fact).test(harness);
        } finally {
          await harness.close();
        }
      });
    }
  });
}

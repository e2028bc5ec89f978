import { describe, test } from "vitest";
import { queueFacts } from "./delivery-facts.ts";
import { Bench, type ReactionsHarness } from "./harness.ts";
import { reactorFacts } from "./reactor-facts.ts";
import { rowFacts } from "./row-facts.ts";
import { timerFacts } from "./timer-facts.ts";

const TIMEOUT_MS = 60_000;

/** What is true of reactors, timers, process managers, inboxes and keyed rows on every event store. */
export function reactionsContract(name: string, makeHarness: () => Promise<ReactionsHarness>): void {
  describe.each([
    ["reactors", reactorFacts],
    ["timers", timerFacts],
    ["inbox and outbox", queueFacts],
    ["rows and definitions", rowFacts],
  ])(`%s on ${name}`, (_, facts) => {
    test.each(facts)("$name", { timeout: TIMEOUT_MS }, async ({ test: fact }) => {
      await using bench = await Bench.open(makeHarness);
      await fact(bench);
    });
  });
}

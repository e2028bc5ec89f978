import type { Instant } from "./bangkok-time.ts";
import type { CurrencyCode, RuleName } from "./definitions.ts";
import type { People } from "./life/people.ts";
import type { Expected, Operation } from "./line.ts";
import type { Books } from "./model/books.ts";

type Outcomes = Partial<Record<Expected["outcome"], number>>;

/**
 * What the ledger must say about the part of the stream that has been generated, from the simulation's own
 * arithmetic. After a run it is what the ledger is checked against.
 */
export class Oracle {
  readonly #books: Books;
  readonly #people: People;
  readonly #outcomes: Partial<Record<Operation, Outcomes>> = {};

  constructor(books: Books, people: People) {
    this.#books = books;
    this.#people = people;
  }

  get members(): number {
    return this.#people.count;
  }

  /** How many lines of each operation end how. */
  get outcomes(): Readonly<Partial<Record<Operation, Outcomes>>> {
    return this.#outcomes;
  }

  get lines(): number {
    return this.#count(() => true);
  }

  /** Business keys with an effect: each exactly one. */
  get acceptedKeys(): number {
    return this.#count((op, outcome) => op !== "enrol" && outcome === "accepted");
  }

  /** Points ever earned under each rule, in minor units; returns are not deducted. */
  get earnedByRule(): ReadonlyMap<RuleName, bigint> {
    return this.#books.earnedByRule;
  }

  /**
   * Balance of every ledger account at a business time not before the last chunk's, in minor units, positive = debit.
   * Everything due by then counts as expired or repaid, so compare it with a ledger that has been swept.
   */
  trialBalance(currency: CurrencyCode, at: Instant): ReadonlyMap<string, bigint> {
    this.#people.settle(at);
    return this.#books.trialBalance(currency);
  }

  count(op: Operation, outcome: Expected["outcome"]): void {
    const outcomes = this.#outcomes[op] ?? {};
    this.#outcomes[op] = outcomes;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }

  #count(counts: (op: string, outcome: string) => boolean): number {
    let sum = 0;
    for (const [op, outcomes] of Object.entries(this.#outcomes)) {
      for (const [outcome, lines] of Object.entries(outcomes)) if (counts(op, outcome)) sum += lines;
    }
    return sum;
  }
}

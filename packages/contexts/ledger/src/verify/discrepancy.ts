/** The first thing found wrong: which check, where, what the events say and what stands there. */
export interface Discrepancy {
  readonly check: Check;
  readonly where: string;
  readonly expected: string;
  readonly actual: string;
}

/**
 * | check | what it holds against what |
 * | --- | --- |
 * | event_missing, event_altered | the log against the digests its writers made |
 * | event_unreadable, stream_corrupt | each event against the catalogue, and against the events before it |
 * | key_repeated | each business key against those its stream has applied before |
 * | stated_book | the book balance an event states against the fold of its stream |
 * | sum_of_lots | the lots of each account against its balance |
 * | balance, lot, hold, adjustment | rows of the read model against the fold of the events |
 * | statement, posting | rows against what each event adds, and its delta against what it did to the balance |
 * | activity | what each client did on a day against the events |
 * | schedule | what time has done to accounts against the timers and messages that have it written |
 * | control_total | the totals against the postings of the events |
 */
export type Check =
  | "event_missing"
  | "event_altered"
  | "event_unreadable"
  | "stream_corrupt"
  | "key_repeated"
  | "stated_book"
  | "sum_of_lots"
  | "balance"
  | "lot"
  | "hold"
  | "adjustment"
  | "statement"
  | "posting"
  | "control_total"
  | "activity"
  | "schedule";

/** Ends a verification; never leaves it. */
export class Discrepant extends Error {
  readonly discrepancy: Discrepancy;
  constructor(discrepancy: Discrepancy) {
    super(describeDiscrepancy(discrepancy));
    this.discrepancy = discrepancy;
  }
}

type Value = string | number | bigint | null | undefined;

/** Throws `Discrepant` unless both are the same in writing. */
export function mustEqual(check: Check, where: () => string, expected: Value, actual: Value): void {
  if (expected === actual || String(expected ?? null) === String(actual ?? null)) return;
  throw new Discrepant({
    check,
    where: where(),
    expected: String(expected ?? null),
    actual: String(actual ?? null),
  });
}

/** One line for an operator. */
function describeDiscrepancy({ check, where, expected, actual }: Discrepancy): string {
  return `${check}: ${where}: the events say ${expected}, found ${actual}`;
}

import fc from "fast-check";
import { expect, test } from "vitest";
import { newAccount } from "../../src/domain/account-state.ts";
import type { Lot } from "../../src/domain/index.ts";
import { earnsNewestFirst, noteEarn } from "../../src/domain/newest-earns.ts";

// Failure: a return that names no sale takes as long as all that the account ever earned.

interface Earned {
  readonly kind: Lot["kind"];
  readonly earnedAt: number;
  readonly reversed: bigint;
}

/** An account that has had these lots, and the numbers of those that were read of it. */
function accountWith(lots: readonly Earned[]) {
  const state = newAccount();
  for (const { kind, earnedAt, reversed } of lots) {
    const no = state.nextLot++;
    const lot: Lot = {
      no,
      kind,
      source: "pos",
      amount: 10n,
      remaining: 0n,
      held: 0n,
      availableFrom: 0,
      expiresAt: Number.POSITIVE_INFINITY,
      earnedAt,
      vintage: "2026-11",
      replaces: 0,
      effectiveAt: earnedAt,
      expired: 0n,
      repaid: 0n,
      restored: 0n,
      reversed,
      forgiven: 0n,
      refunded: 0n,
    };
    state.lots.set(no, lot);
    if (kind === "earn") noteEarn(state, earnedAt);
  }
  const read = new Set<number>();
  const { lots: whole } = state;
  const watched = {
    ...state,
    lots: {
      get: (no: number) => {
        read.add(no);
        return whole.get(no);
      },
      set: whole.set.bind(whole),
      draft: whole.draft.bind(whole),
      commit: whole.commit.bind(whole),
      entries: whole.entries.bind(whole),
    },
  };
  return { state: watched, read };
}

const earned = (earnedAt: number, reversed = 0n): Earned => ({ kind: "earn", earnedAt, reversed });

const lots: fc.Arbitrary<Earned> = fc.record({
  kind: fc.constantFrom("earn", "earn", "earn", "transfer"),
  earnedAt: fc.integer({ min: 1, max: 40 }),
  reversed: fc.constantFrom(0n, 0n, 3n, 10n),
});

function sorted(all: readonly Earned[]): number[] {
  return all
    .map((lot, i) => ({ ...lot, no: i + 1 }))
    .filter(({ kind, reversed }) => kind === "earn" && reversed < 10n)
    .sort((a, b) => b.earnedAt - a.earnedAt || b.no - a.no)
    .map(({ no }) => no);
}

const told = (all: readonly Earned[]) => [...earnsNewestFirst(accountWith(all).state)].map(({ no }) => no);

test("in whatever order earns come, the newest is told first", () => {
  fc.assert(
    fc.property(fc.array(lots, { maxLength: 60 }), (all) => void expect(told(all)).toEqual(sorted(all))),
  );
});

test("so it is of thousands that came in no order, or newest first, or all at once", () => {
  const random = Array.from({ length: 5_000 }, (_, i) => earned(1 + ((i * 7_919) % 5_003)));
  const backwards = Array.from({ length: 5_000 }, (_, i) => earned(10_000 - i));
  const atOnce = Array.from({ length: 5_000 }, () => earned(17));
  for (const all of [random, backwards, atOnce]) expect(told(all)).toEqual(sorted(all));
});

test("no more lots are read than it takes, of however many there are", () => {
  const all = Array.from({ length: 100_000 }, (_, i) => earned(1_000_000 + i));
  // One came an hour late, long ago: as far back may each have to be looked.
  all[500] = earned(1_000_000 + 500 - 60);
  const { state, read } = accountWith(all);
  const newest = earnsNewestFirst(state);
  for (let taken = 0; taken < 3; taken++) expect(newest.next().value?.no).toBe(100_000 - taken);
  expect(read.size).toBeLessThan(100);
});

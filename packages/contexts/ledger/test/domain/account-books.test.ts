import assert from "node:assert/strict";
import { test } from "vitest";
import {
  activityIn,
  bookChange,
  DEBT,
  debtChange,
  effectOf,
  evolve,
  newAccount,
  OUTSTANDING,
  postingsOf,
  sumOfLots,
  TRANSFER_CLEARING,
} from "../../src/domain/index.ts";
import type { AccountEvent } from "../../src/events.ts";
import { readingOf } from "../../src/read-model/reading.ts";
import { ownActivity, ownReading } from "../../src/verify/own-reading.ts";
import { holds, played, runs } from "./support/history.ts";

function posted(log: readonly AccountEvent[], account: string): bigint {
  return log
    .flatMap(postingsOf)
    .filter((posting) => posting.account === account)
    .reduce((sum, posting) => sum + posting.amount, 0n);
}

test("the lots sum to the book balance, which is what the postings owe", () => {
  holds(runs, (run) => {
    for (const { account } of played(run).sides) {
      assert.equal(sumOfLots(account.state), account.state.book);
      assert.equal(-posted(account.log, OUTSTANDING), account.state.book);
      assert.equal(account.log.at(-1)?.book ?? 0n, account.state.book);
    }
  });
});

test("debt is what its postings sum to, and arises under the unlimited policy or by restoring it", () => {
  holds(runs, (run) => {
    for (const { account } of played(run).sides) {
      assert.equal(posted(account.log, DEBT), account.state.debt);
      if (run.rules.clawback !== "unlimited") assert.equal(account.state.debt, 0n);
    }
  });
});

test("clearing holds exactly the transfers in flight, and nothing once all have ended", () => {
  holds(runs, (run) => {
    const world = played(run);
    const clearing = () =>
      posted(
        world.sides.flatMap(({ account }) => account.log),
        TRANSFER_CLEARING,
      );
    assert.equal(-clearing(), world.inFlight());
    for (let leg = 0; leg < 2; leg++) {
      for (let which = 0; which < world.flights.length; which++)
        world.perform({ op: "carry", who: 0, shift: 0, which });
    }
    assert.equal(world.inFlight(), 0n);
    assert.equal(clearing(), 0n);
  });
});

test("no posting is of zero, and every event balances within its one currency", () => {
  holds(
    runs,
    (run) => {
      for (const posting of played(run)
        .sides.flatMap(({ account }) => account.log)
        .flatMap(postingsOf)) {
        assert.notEqual(posting.amount, 0n);
      }
    },
    1,
  );
});

test("verify reads every event by itself as it is declared", () => {
  const utc = () => "UTC";
  holds(runs, (run) => {
    for (const event of played(run).sides.flatMap(({ account }) => account.log)) {
      assert.deepEqual(ownReading(event, utc), readingOf(event, utc));
      assert.deepEqual(ownActivity(event), activityIn(event));
    }
  });
});

test("what an event is declared to do to book and debt is what the fold makes of it", () => {
  holds(runs, (run) => {
    for (const { account } of played(run).sides) {
      const state = newAccount();
      for (const event of account.log) {
        const { book, debt } = state;
        evolve(state, event);
        const effect = effectOf(event);
        assert.equal(bookChange(effect, event), state.book - book);
        assert.equal(debtChange(effect, event), state.debt - debt);
      }
    }
  });
});

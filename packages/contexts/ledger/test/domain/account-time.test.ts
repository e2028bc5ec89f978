import assert from "node:assert/strict";
import { DAY, HOUR } from "@taem/programme/testing";
import fc from "fast-check";
import { test } from "vitest";
import {
  type AccountState,
  accountOf,
  balanceAt,
  commit,
  draft,
  dueEvents,
  nextDueAt,
  openLots,
  replay,
  settledAt,
} from "../../src/domain/index.ts";
import { holds, played, runs, waiving } from "./support/history.ts";
import { plain } from "./support/plain.ts";

const steps = fc.array(fc.constantFrom(0, 1, 300_000, HOUR, 6 * HOUR, DAY, 3 * DAY), { maxLength: 12 });

test("sweeping in many small steps makes the very events of sweeping once at the end", () => {
  holds(fc.tuple(fc.oneof(runs, waiving), steps), ([run, waits]) => {
    const world = played(run);
    for (const { account } of world.sides) {
      const identity = accountOf(account.context);
      let now = world.now;
      const stepwise = draft(account.state);
      const events = [];
      for (const wait of waits) {
        now += wait;
        const due = dueEvents(stepwise, identity, now);
        replay(stepwise, due);
        events.push(...due);
      }
      const last = dueEvents(stepwise, identity, now + 1);
      replay(stepwise, last);
      assert.deepEqual([...events, ...last], dueEvents(account.state, identity, now + 1));
    }
  });
});

test("a balance is the same whether or not the sweep has run", () => {
  holds(fc.tuple(fc.oneof(runs, waiving), steps), ([run, waits]) => {
    const world = played(run);
    for (const { account } of world.sides) {
      const identity = accountOf(account.context);
      const swept = draft(account.state);
      let now = world.now;
      for (const wait of waits) {
        now += wait;
        const unswept = balanceAt(account.state, identity, now);
        replay(swept, dueEvents(swept, identity, now));
        const { available, pending, held, debt } = unswept;
        assert.deepEqual(balanceAt(swept, identity, now), {
          book: unswept.book - unswept.due,
          available,
          pending,
          held,
          due: 0n,
          debt,
        });
      }
    }
  });
});

test("time alone only removes due lots, releases due holds and lets what became available repay debt", () => {
  holds(fc.tuple(runs, steps), ([run, waits]) => {
    const world = played(run);
    for (const { account } of world.sides) {
      const identity = accountOf(account.context);
      let before = settledAt(account.state, identity, world.now);
      let now = world.now;
      for (const wait of waits) {
        now += wait;
        const after = settledAt(account.state, identity, now);
        assertOnlyLess(before, after);
        before = after;
      }
    }
  });
});

function assertOnlyLess(before: AccountState, after: AccountState): void {
  const earlier = new Map(openLots(before).map((lot) => [lot.no, lot]));
  for (const lot of openLots(after)) {
    const was = earlier.get(lot.no);
    assert.ok(was !== undefined, "no lot appears");
    assert.ok(lot.remaining <= was.remaining && lot.held <= was.held);
  }
  assert.ok(after.debt <= before.debt);
  assert.ok([...after.holds.keys()].every((no) => before.holds.has(no)));
}

test("nothing is due before the next due instant, and something is at it", () => {
  holds(runs, (run) => {
    for (const { account } of played(run).sides) {
      const identity = accountOf(account.context);
      let state = draft(account.state);
      for (let at = nextDueAt(state); at !== undefined; at = nextDueAt(state)) {
        assert.deepEqual(dueEvents(state, identity, at - 1), []);
        const due = dueEvents(state, identity, at);
        assert.notEqual(due.length, 0);
        state = replay(draft(commit(state)), due);
      }
      assert.deepEqual(dueEvents(state, identity, Number.MAX_SAFE_INTEGER), []);
      assert.equal(state.holds.size, 0);
    }
  });
});

test("working out what is due changes nothing", () => {
  holds(
    runs,
    (run) => {
      const world = played(run);
      for (const { account } of world.sides) {
        const before = plain(account.state);
        dueEvents(account.state, accountOf(account.context), world.now + 100 * DAY);
        account.balance(world.now + 100 * DAY);
        assert.deepEqual(plain(account.state), before);
      }
    },
    1,
  );
});

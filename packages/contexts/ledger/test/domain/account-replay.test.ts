import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import {
  commit,
  draft,
  evolve,
  newAccount,
  OUTSTANDING,
  postingsOf,
  replay,
  sumOfLots,
} from "../../src/domain/index.ts";
import { type AccountEvent, accountEvents } from "../../src/events.ts";
import { holds, played, returning, runs, waiving } from "./support/history.ts";
import { plain } from "./support/plain.ts";

const somebody = { actor: "test", correlation: "test" };

const throughJson = (log: readonly AccountEvent[]) =>
  log.map(
    (event) =>
      accountEvents.decode({
        type: event.type,
        data: accountEvents.encode(event),
        meta: accountEvents.encodeMeta(event.type, somebody),
      }) as AccountEvent,
  );

test("a replay of the events, also through their bytes, is the state that was decided on", () => {
  holds(fc.oneof(runs, waiving), (run) => {
    for (const { account } of played(run).sides) {
      assert.deepEqual(throughJson(account.log), account.log);
      assert.deepEqual(plain(replay(newAccount(), account.log)), plain(account.state));
      assert.deepEqual(plain(replay(newAccount(), throughJson(account.log))), plain(account.state));
    }
  });
});

test("a fold through drafts split at any point is the same fold, and its original stays as it was", () => {
  holds(fc.tuple(fc.oneof(runs, waiving), fc.nat(), fc.nat()), ([run, first, second]) => {
    const { log, state } = played(run).sides[0]!.account;
    const [a, b] = [first % (log.length + 1), second % (log.length + 1)].sort((x, y) => x - y) as [
      number,
      number,
    ];
    const base = replay(newAccount(), log.slice(0, a));
    const before = plain(base);
    const middle = replay(draft(base), log.slice(a, b));
    const end = replay(draft(middle), log.slice(b));
    assert.deepEqual(plain(end), plain(state));
    assert.deepEqual(plain(base), before);
    assert.deepEqual(plain(middle), plain(replay(newAccount(), log.slice(0, b))));
    const whole = commit(end);
    assert.deepEqual(plain(whole), plain(state));
    assert.deepEqual(
      plain(replay(commit(replay(draft(newAccount()), log.slice(0, a))), log.slice(a))),
      plain(state),
    );
  });
});

test("the events effective by any instant fold in log order, to what the postings owed by then", () => {
  holds(fc.oneof(runs, returning, waiving), (run) => {
    for (const { account } of played(run).sides) {
      for (const at of new Set(account.log.map((event) => event.effectiveAt))) {
        const cut = account.log.filter((event) => event.effectiveAt <= at);
        const state = newAccount();
        for (const event of cut) evolve(state, event);
        const owed = cut
          .flatMap(postingsOf)
          .filter((posting) => posting.account === OUTSTANDING)
          .reduce((sum, posting) => sum - posting.amount, 0n);
        assert.equal(state.book, owed);
        assert.equal(sumOfLots(state), owed);
      }
    }
  });
});

test("a view of the past has the waiver of every recovery in it, and of each what it has not recovered", () => {
  holds(
    waiving,
    (run) => {
      const { log } = played(run).sides[0]!.account;
      for (const known of new Set([log.length, log.length >> 1, ...recoveries(log)])) {
        for (const at of new Set(log.map((event) => event.effectiveAt))) {
          const cut = log.slice(0, known).filter((event) => event.effectiveAt <= at);
          const state = newAccount();
          for (const event of cut) evolve(state, event);
          const seen = [...state.waived].map(({ no, lot, amount }) => ({ no, lot, amount }));
          assert.deepEqual(seen, waivedOf(cut));
        }
      }
    },
    3,
  );
});

/** How many events are known just before each recovery, and with it. */
function recoveries(log: readonly AccountEvent[]): number[] {
  return log.flatMap((event, i) => (event.type === "WaiverRecovered" ? [i, i + 1] : []));
}

/** Waivers with something left, added up from the events that made and paid them. */
function waivedOf(events: readonly AccountEvent[]) {
  const paid = new Map<number, bigint>();
  for (const event of events) {
    if (event.type !== "WaiverRecovered") continue;
    for (const { waiver, amount } of event.returns) paid.set(waiver, (paid.get(waiver) ?? 0n) + amount);
  }
  return events
    .flatMap((event) => (event.type === "EarnReversed" ? event.origins : []))
    .flatMap(({ waiver: no, lot, waived }) => (no === undefined ? [] : [{ no, lot, waived }]))
    .map(({ no, lot, waived }) => ({ no, lot, amount: waived - (paid.get(no) ?? 0n) }))
    .filter(({ amount }) => amount !== 0n);
}

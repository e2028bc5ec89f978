import assert from "node:assert/strict";
import { type AccountEvent, decodeEvent, encodeEvent } from "@taem/contracts";
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
} from "../src/index.ts";
import { holds, played, returning, runs } from "./support/history.ts";
import { plain } from "./support/plain.ts";

const throughJson = (log: readonly AccountEvent[]) =>
  log.map((event) => decodeEvent(event.type, encodeEvent(event)) as AccountEvent);

test("a replay of the events, also through their bytes, is the state that was decided on", () => {
  holds(runs, (run) => {
    for (const { account } of played(run).sides) {
      assert.deepEqual(throughJson(account.log), account.log);
      assert.deepEqual(plain(replay(newAccount(), account.log)), plain(account.state));
      assert.deepEqual(plain(replay(newAccount(), throughJson(account.log))), plain(account.state));
    }
  });
});

test("a fold through drafts split at any point is the same fold, and its original stays as it was", () => {
  holds(fc.tuple(runs, fc.nat(), fc.nat()), ([run, first, second]) => {
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
  holds(fc.oneof(runs, returning), (run) => {
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

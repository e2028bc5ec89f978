import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { evolve, newAccount, openLots, replay, sumOfLots } from "../../src/domain/index.ts";
import { TestAccount } from "./support/account.ts";
import { holds, played, returning, runs, waiving } from "./support/history.ts";
import { plain } from "./support/plain.ts";

/** How far the clocks of the servers that decide are apart, command by command. */
const skews = fc.infiniteStream(fc.constantFrom(0, 0, -1, 1, -60_000, 60_000, -300_000, -7_200_000));

test("clocks that disagree and step back contradict no stream and overdraw no lot", () => {
  holds(fc.tuple(fc.oneof(runs, returning, waiving), skews), ([run, stream]) => {
    const world = played(run);
    const accounts = world.sides.map(({ account }) => new TestAccount(account.programme, account.member));
    for (const { who, command, now, actor } of world.asked) {
      const account = accounts[who] as TestAccount;
      account.now = now + (stream.next().value ?? 0);
      account.actor = actor;
      const decision = account.decide(command);
      if ("accepted" in decision) account.append(decision.accepted);
    }
    for (const account of accounts) assertSound(account);
  });
});

function assertSound({ state, log }: TestAccount): void {
  assert.equal(sumOfLots(state), state.book);
  assert.ok(state.debt >= 0n && openLots(state).every((lot) => lot.held >= 0n && lot.held <= lot.remaining));
  assert.deepEqual(plain(replay(newAccount(), log)), plain(state));
  for (const at of new Set(log.map((event) => event.effectiveAt))) {
    const cut = newAccount();
    for (const event of log) if (event.effectiveAt <= at) evolve(cut, event);
    assert.equal(sumOfLots(cut), cut.book);
  }
}

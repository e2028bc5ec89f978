import assert from "node:assert/strict";
import fc from "fast-check";
import { expect, test } from "vitest";
import { draft, evolve, newAccount, readSnapshot, writeSnapshot } from "../../src/domain/index.ts";
import { keyNamed, TestAccount } from "./support/account.ts";
import { holds, played, returning, runs, waiving } from "./support/history.ts";
import { plain } from "./support/plain.ts";

test("a state read back from its snapshot is the state", () => {
  holds(fc.oneof(runs, returning, waiving), (run) => {
    for (const { account } of played(run).sides) {
      const read = readSnapshot(writeSnapshot(account.state));
      assert.deepEqual(plain(read), plain(account.state));
    }
  });
});

test("a draft's snapshot has what the draft adds", () => {
  const account = new TestAccount();
  account.earn(10n);
  const ahead = draft(account.state);
  const decision = account.decide({ type: "burn", points: 4n, redemption: "reward" });
  for (const event of "accepted" in decision ? decision.accepted : []) evolve(ahead, event);
  expect(plain(readSnapshot(writeSnapshot(ahead)))).toEqual(plain(ahead));
});

test("an empty account has a snapshot", () => {
  expect(plain(readSnapshot(writeSnapshot(newAccount())))).toEqual(plain(newAccount()));
});

test.each(["12n", "-7n", "#12", "##", "null", ""])(
  "a caller's text is read back as that text, whatever it looks like: %o",
  (text) => {
    const account = new TestAccount({ settings: { adjustmentLimit: 0n } });
    account.actor = text;
    account.earn(10n, { key: { system: text, id: text, leg: text } });
    account.run({ type: "hold", points: 5n, redemption: text, key: keyNamed("hold") });
    account.run({ type: "adjust", direction: "credit", points: 5n, reason: text });
    const read = readSnapshot(writeSnapshot(account.state));
    expect(plain(read)).toEqual(plain(account.state));
    expect(read.holds.get(1)?.redemption).toBe(text);
  },
);

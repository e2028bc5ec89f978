import assert from "node:assert/strict";
import { DAY, NOON } from "@taem/programme/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { expiredAtOnce, isOfRefund } from "../../src/domain/index.ts";
import type { AccountEvent } from "../../src/events.ts";
import { keyNamed, only, TestAccount } from "./support/account.ts";
import { holds, played, returning, runs } from "./support/history.ts";

// What of a refund expired at once is told by the log, which does not show where an append ends.

/** What the log tells to have expired with each refund, and what its append says. */
function traces({ appends, log }: TestAccount) {
  let before = 0;
  return appends.flatMap((append) => {
    const begins = before;
    before += append.length;
    const last = append.findLastIndex(({ type }) => type === "BurnReversed");
    if (last < 0) return [];
    const refund = append[last] as AccountEvent<"BurnReversed">;
    const rest = log.slice(begins + last + 1);
    const end = rest.findIndex((event) => !isOfRefund(refund, event));
    const told = expiredAtOnce(end === -1 ? rest : rest.slice(0, end));
    return [{ told, appended: expiredAtOnce(append.slice(last + 1)) }];
  });
}

test.each([
  ["anything", runs],
  ["returns", returning],
])("whatever has happened since, in runs of %s", (_, arbitrary) => {
  holds(arbitrary, (run) => {
    for (const { account } of played(run).sides)
      for (const { told, appended } of traces(account)) assert.deepEqual(told, appended);
  });
});

const days = fc.integer({ min: 1, max: 20 });

test("whenever its lots die, whenever it says that it happened, and however late a sweep comes", () => {
  fc.assert(
    fc.property(
      fc.array(days, { minLength: 1, maxLength: 6 }),
      days,
      days,
      days,
      (lives, waits, dated, later) => {
        const account = new TestAccount();
        const points = 10n * BigInt(lives.length);
        for (const life of lives) account.earn(10n, { expiresAt: NOON + life * DAY });
        account.burn(points, "burn");
        account.now += waits * DAY;
        const occurredAt = NOON + Math.min(dated, waits) * DAY;
        account.run({
          type: "reverse",
          origin: keyNamed("burn"),
          by: { all: true },
          reason: "r",
          occurredAt,
        });
        account.now += later * DAY;
        account.sweep();
        const [trace] = traces(account);
        assert.deepEqual(trace?.told, trace?.appended);
        const dead = lives.filter((life) => life <= waits).length;
        assert.equal(
          trace?.told.reduce((sum, { amount }) => sum + amount, 0n),
          10n * BigInt(dead),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test("a refund of the first version, which names no clock, is judged by its effective time", () => {
  const account = new TestAccount();
  account.earn(10n, { expiresAt: NOON + DAY });
  account.burn(10n, "burn");
  account.now += 2 * DAY;
  const events = account.returnOf("burn");
  const { decidedAt, ...first } = only(events, "BurnReversed");
  const expiry = only(events, "PointsExpired");
  expect(decidedAt).toBe(NOON + 2 * DAY);
  expect(isOfRefund(first, expiry)).toBe(true);
  expect(isOfRefund(first, { ...expiry, occurredAt: NOON + 2 * DAY + 1 })).toBe(false);
});

import { setTimer } from "@taem/processing";
import { given, happened } from "@taem/processing/testing";
import { expect, test } from "vitest";
import type { AccountEvent } from "../../src/events.ts";
import { sweeps } from "../../src/reactions/sweeps.ts";
import { transfers } from "../../src/reactions/transfers.ts";

// What comes of an account's events, before anything is stored.

const DAY = 86_400_000;
const common = {
  ...{ programme: "p", member: "malee", currency: "PTS", occurredAt: 0, effectiveAt: 0, book: 10n },
  ...{ key: { system: "pos", id: "1", leg: "main" }, fingerprint: "f" },
};
const lot = { no: 0, amount: 10n, availableFrom: 0, expiresAt: 30 * DAY, earnedAt: 0, vintage: "1970-01" };
const earned: AccountEvent<"PointsEarned"> = { ...common, type: "PointsEarned", lot, reason: "sale" };
const left: AccountEvent<"TransferOut"> = {
  ...{ ...common, type: "TransferOut", transfer: "t", to: "somchai", amount: 10n },
  ...{ takes: [{ lot: 0, amount: 10n, vintage: "1970-01" }], plan: [lot] },
};

/** The timer of malee's account at an instant. */
function sweepAt(dueAt: number) {
  const account = { programme: "p", member: "malee", currency: "PTS" };
  const command = { type: "SweepAccount", ...account, dueAt } as const;
  return setTimer({ key: `sweep:malee:PTS:${dueAt}`, lane: "malee:PTS", scope: "p", dueAt, command });
}

test("an account has a timer for each instant at which something of it falls due", async () => {
  const pending = { ...lot, availableFrom: DAY };
  const reactions = await given({ ...earned, lot: pending, deadline: 90 * DAY }).reactions(sweeps);
  expect(reactions).toEqual([sweepAt(DAY), sweepAt(30 * DAY), sweepAt(90 * DAY)]);
});

test("two events that name one instant name one timer", async () => {
  const reactions = await given(earned, earned).reactions(sweeps);
  expect(reactions).toEqual([sweepAt(30 * DAY), sweepAt(30 * DAY)]);
});

test("what never falls due has no timer", async () => {
  const { expiresAt: _, ...forEver } = lot;
  expect(await given({ ...earned, lot: forEver }, left).reactions(sweeps)).toEqual([]);
});

test("a transfer is seen to its end some time after its points have left, once however large it is", async () => {
  const parts = [1, 2].map((index) =>
    happened({ ...left, part: { index, count: 2 } }, { revision: 6 + index, recordedAt: 1_000 * index }),
  );
  const command = {
    ...{ type: "CompleteTransfer", programme: "p", member: "malee", currency: "PTS" },
    ...{ transfer: "t", revision: 7 },
  } as const;
  const key = "transfer:t";
  const expected = setTimer({ key, lane: key, scope: "servers", dueAt: 16_000, command });
  expect(await given(...parts).reactions(transfers)).toEqual([expected]);
});

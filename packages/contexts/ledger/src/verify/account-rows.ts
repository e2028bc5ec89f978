import type { Hold } from "../domain/account-state.ts";
import type { Lot } from "../domain/lot.ts";
import type { Row } from "../read-model/tables.ts";
import { mustEqual } from "./discrepancy.ts";
import type { AskedAdjustment, EndedHold, ReplayedAccount } from "./replay.ts";
import { UNTOLD } from "./row-comparison.ts";

/** The rows of an account as its events say, in the order of the tables' columns. */

export function balanceRow({
  slice,
  programme,
  member,
  currency,
  state,
  position,
  effectiveAt,
  isMidway,
}: ReplayedAccount): Row {
  return [
    slice,
    programme,
    member,
    currency,
    state.revision,
    position,
    effectiveAt,
    state.book,
    isMidway ? UNTOLD : state.held,
    state.debt,
    state.debtEffectiveAt,
    sumOf(state.waived, ({ amount }) => amount),
    orNull(state.deadline),
  ];
}

/** Throws `Discrepant` unless the lots add up to the book balance. */
export function lotRows(account: ReplayedAccount): Row[] {
  const { state, member, currency } = account;
  const lots = Array.from(state.lots.entries(), ([, lot]) => lot);
  const sum = sumOf(lots, ({ remaining }) => remaining);
  mustEqual("sum_of_lots", () => `account ${member} ${currency}: book`, sum, state.book);
  return lots.map((lot) => lotRow(account, lot));
}

function lotRow({ slice, member, currency, isMidway }: ReplayedAccount, lot: Lot): Row {
  return [
    slice,
    member,
    lot.no,
    lot.availableFrom,
    orNull(lot.expiresAt),
    lot.earnedAt,
    isMidway ? UNTOLD : lot.effectiveAt,
    currency,
    lot.kind,
    lot.source,
    lot.vintage,
    lot.amount,
    lot.remaining,
    isMidway ? UNTOLD : lot.held,
  ];
}

export function* holdRows(account: ReplayedAccount): Iterable<Row> {
  for (const ended of account.endedHolds.values()) yield holdRow(account, ended.hold, ended);
  for (const hold of account.state.holds.values()) yield holdRow(account, hold);
}

function holdRow({ slice, member, currency }: ReplayedAccount, hold: Hold, ended?: EndedHold): Row {
  return [
    slice,
    member,
    hold.no,
    hold.effectiveAt,
    hold.timeoutAt,
    ended?.at,
    currency,
    hold.redemption,
    ended?.status ?? "open",
    hold.amount,
    ended?.captured ?? 0n,
    takesText(hold.takes),
  ];
}

export function* adjustmentRows(account: ReplayedAccount): Iterable<Row> {
  for (const asked of account.adjustments.values()) yield adjustmentRow(account, asked);
}

function adjustmentRow(
  { slice, programme, member, currency, state }: ReplayedAccount,
  { event, position, recordedAt, closedBy }: AskedAdjustment,
): Row {
  const closed = state.closedAdjustments.get(event.adjustment);
  return [
    slice,
    programme,
    member,
    event.adjustment,
    event.occurredAt,
    recordedAt,
    event.expiresAt,
    closed?.at,
    position,
    currency,
    event.direction,
    closed?.how ?? "waiting",
    event.reason,
    event.amount,
    event.requestedBy,
    closedBy,
    event.because,
    event.key.system,
    event.key.id,
    event.key.leg,
  ];
}

/** As PostgreSQL writes it. */
function takesText(takes: Hold["takes"]): string {
  const texts = takes.map(({ lot, amount, vintage }) => `[${lot}, "${amount}", ${JSON.stringify(vintage)}]`);
  return `[${texts.join(", ")}]`;
}

function sumOf<T>(items: Iterable<T>, of: (item: T) => bigint): bigint {
  let sum = 0n;
  for (const item of items) sum += of(item);
  return sum;
}

function orNull(instant: number): number | null {
  return Number.isFinite(instant) ? instant : null;
}

import { fields } from "@taem/http";
import type { z } from "zod";
import { diesAt, free, type Lot, type LotAmount, openLots, settledAt } from "../domain/index.ts";
import type { Basis, Seen, View } from "../queries/account-reader.ts";
import { type AccountRef, identityOf } from "../queries/account-ref.ts";
import type { Origins, StatementEntry } from "../queries/statement.ts";
import type { lotItem, statementItem } from "./account-queries.ts";
import { endBody, endBodyOrNull } from "./ends.ts";
import { ordinalId } from "./operation-bodies.ts";

const { formatInstant } = fields;

/** How an account is shown. */

export function headBody({ member, currency }: AccountRef, { knownAt }: View, { at, cut, parked }: Basis) {
  return {
    member,
    currency: currency.code,
    scale: currency.scale,
    at: formatInstant(at),
    ...(knownAt === undefined ? {} : { knownAt: formatInstant(knownAt) }),
    cut,
    ...(parked === undefined ? {} : { parked: { since: parked.position } }),
  };
}

export function nextExpiry({ programme, currency, member }: AccountRef, { state, at, isSettled }: Seen) {
  const view = isSettled ? state : settledAt(state, identityOf(programme, currency.code, member), at);
  let first = Number.POSITIVE_INFINITY;
  let points = 0n;
  for (const lot of openLots(view)) {
    const dies = diesAt(lot, view);
    if (dies <= at || free(lot) === 0n) continue;
    if (dies < first) [first, points] = [dies, 0n];
    if (dies === first) points += free(lot);
  }
  const end = endBody("at", programme, first, at);
  return end === undefined ? null : { ...end, points: String(points) };
}

export function lotBody({ programme }: AccountRef, lot: Lot, { state, at }: Seen): z.input<typeof lotItem> {
  const dies = diesAt(lot, state);
  return {
    lot: lot.no,
    kind: lot.kind,
    source: lot.source,
    points: String(lot.amount),
    remaining: String(lot.remaining),
    held: String(lot.held),
    status: dies <= at ? "due" : lot.availableFrom > at ? "pending" : "available",
    availableFrom: lot.availableFrom === 0 ? null : formatInstant(lot.availableFrom),
    ...endBodyOrNull("expiresAt", programme, dies, at),
    earnedAt: formatInstant(lot.earnedAt),
    vintage: lot.vintage,
  };
}

export function statementBody(
  { member, currency }: AccountRef,
  entry: StatementEntry,
  { sales, burns }: Origins,
): z.input<typeof statementItem> {
  const { hold, adjustment, transfer, counterparty, rule, version, origins, waived, burn } = entry.detail;
  const { restored, replaced } = entry.detail;
  const idOf = (no: number) => ordinalId(member, currency.no, no);
  const partOf = ([lot, points]: LotAmount) => ({ lot, points });
  return {
    no: entry.revision,
    kind: entry.kind,
    reason: entry.reason,
    points: String(entry.amount),
    delta: String(entry.delta),
    book: String(entry.book),
    debt: String(entry.debt),
    source: entry.key === undefined ? null : { ...entry.key },
    occurredAt: formatInstant(entry.occurredAt),
    effectiveAt: formatInstant(entry.effectiveAt),
    recordedAt: formatInstant(entry.recordedAt),
    accountingDate: entry.accountingDate,
    position: entry.position,
    ...(entry.lot === 0 ? {} : { lot: entry.lot }),
    ...(hold === undefined ? {} : { hold: idOf(hold) }),
    ...(adjustment === undefined ? {} : { adjustment: idOf(adjustment) }),
    ...(transfer === undefined ? {} : { transfer }),
    ...(counterparty === undefined ? {} : { counterparty }),
    ...(rule === undefined || version === undefined ? {} : { rule: { name: rule, version } }),
    ...(origins === undefined
      ? {}
      : { sales: origins.map((part) => ({ ...partOf(part), source: sales.get(part[0]) ?? null })) }),
    ...(waived === undefined ? {} : { waived }),
    ...(burn === undefined ? {} : { burn: { no: burn, source: burns.get(burn) ?? null } }),
    ...(restored === undefined ? {} : { restored: restored.map(partOf) }),
    ...(replaced === undefined
      ? {}
      : { replaced: replaced.map(([lot, points, replaces]) => ({ lot, points, replaces })) }),
  };
}

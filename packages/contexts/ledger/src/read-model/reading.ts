import { type Instant, type LocalDate, localDate } from "@taem/kernel";
import {
  bookChange,
  debtChange,
  type Effect,
  effectOf,
  NO_DETAIL,
  postingsBy,
  postingsOf,
} from "../domain/index.ts";
import type { AccountEvent } from "../events.ts";
import type { Reading, StatementLine } from "./addition.ts";
import { type Entry, pairsOf } from "./entries.ts";

/** What an event says in the read models, as its effect is declared. */
export function readingOf(event: AccountEvent, zoneAt: (at: Instant) => string): Reading {
  const effect = effectOf(event);
  return {
    date: dateBy(effect, event, zoneAt),
    entries: pairsOf(postingsBy(effect, event)),
    line: lineBy(effect, event),
  };
}

/** The postings of an event as pairs of a debit and a credit; by account they add up to what `postingsOf` says. */
export function entriesOf(event: AccountEvent): readonly Entry[] {
  return pairsOf(postingsOf(event));
}

export function statementLine(event: AccountEvent): StatementLine {
  return lineBy(effectOf(event), event);
}

/** The local day that an event counts on. An expiry brings its own, the last on which its lots were valid. */
export function accountingDate(event: AccountEvent, zoneAt: (at: Instant) => string): LocalDate {
  return dateBy(effectOf(event), event, zoneAt);
}

function lineBy(effect: Effect<AccountEvent>, event: AccountEvent): StatementLine {
  const { kind, reason, amount, sale, detail } = effect;
  return {
    kind,
    reason: reason(event),
    amount: amount(event),
    delta: bookChange(effect, event),
    debt: debtChange(effect, event),
    book: event.book,
    key: "key" in event ? event.key : undefined,
    lot: sale === undefined ? 0 : sale(event),
    detail: detail === undefined ? NO_DETAIL : detail(event),
  };
}

function dateBy(
  { accountingDate: own }: Effect<AccountEvent>,
  event: AccountEvent,
  zoneAt: (at: Instant) => string,
): LocalDate {
  return own === undefined ? localDate(zoneAt(event.effectiveAt), event.effectiveAt) : own(event);
}

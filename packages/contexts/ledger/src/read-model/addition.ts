import type { BusinessKey, LocalDate } from "@taem/kernel";
import type { EventRecord } from "@taem/processing";
import { type EffectDetail, NO_DETAIL, type StatementKind } from "../domain/effect.ts";
import type { AccountEvent } from "../events.ts";
import type { Entry } from "./entries.ts";
import type { Row } from "./tables.ts";

/** What an event means to the member and to an auditor: one line for each. */
export interface StatementLine {
  readonly kind: StatementKind;
  /** Reason code, redemption kind or cause: why it happened. */
  readonly reason: string;
  /** Points that the event is about. */
  readonly amount: bigint;
  /** Change of the book balance. */
  readonly delta: bigint;
  /** Change of the debt. */
  readonly debt: bigint;
  /** Book balance after it. */
  readonly book: bigint;
  /** The command's business key; what time alone did has none. */
  readonly key: BusinessKey | undefined;
  /** The lot that an earn began; 0 = it is no earn. */
  readonly lot: number;
  readonly detail: EffectDetail;
}

/** What an event says, whoever reads it. */
export interface Reading {
  /** The local day that it counts on. */
  readonly date: LocalDate;
  readonly entries: readonly Entry[];
  readonly line: StatementLine;
}

/** What an event adds to the journal and to its account's statement: rows that nothing changes any more. */
export interface Addition {
  readonly postingRows: readonly Row[];
  readonly lineRow: Row;
}

export function additionOf(record: EventRecord, event: AccountEvent, reading: Reading): Addition {
  const { date, entries, line } = reading;
  return {
    postingRows: entries.map((entry, no) => postingRow(record, event, date, entry, no)),
    lineRow: lineRow(record, event, line, date),
  };
}

function postingRow(
  { slice, position, revision }: EventRecord,
  { programme, member, effectiveAt, currency }: AccountEvent,
  date: string,
  { debit, credit, amount }: Entry,
  no: number,
): Row {
  return [
    slice,
    no,
    programme,
    member,
    revision,
    position,
    effectiveAt,
    date,
    currency,
    debit,
    credit,
    amount,
  ];
}

function lineRow(
  { slice, revision, recordedAt, position }: EventRecord,
  { member, currency, occurredAt, effectiveAt }: AccountEvent,
  { kind, reason, amount, delta, debt, book, key, lot, detail }: StatementLine,
  date: LocalDate,
): Row {
  return [
    slice,
    member,
    revision,
    occurredAt,
    effectiveAt,
    recordedAt,
    position,
    currency,
    kind,
    reason,
    amount,
    delta,
    debt,
    book,
    key?.system,
    key?.id,
    key?.leg,
    date,
    lot,
    detail === NO_DETAIL ? "{}" : JSON.stringify(detail),
  ];
}

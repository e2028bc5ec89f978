import { dateInCalendar, type Instant, type LocalDate, localDate } from "@taem/kernel";
import type { EventRecord } from "@taem/processing";
import type { AccountEvent } from "../events.ts";
import { type Entry, entriesOf } from "./entries.ts";
import { type StatementLine, statementLine } from "./statement-line.ts";
import type { Row } from "./tables.ts";
import type { ZoneHistory } from "./zone-history.ts";

/** What an event adds to the journal and to its account's statement: rows that nothing changes any more. */
export interface Addition {
  /** The local day that its postings count on. */
  readonly date: string;
  readonly entries: readonly Entry[];
  readonly line: StatementLine;
  readonly postingRows: readonly Row[];
  readonly lineRow: Row;
}

/** Throws on an event of a programme that was not defined before it. */
export function additionOf(record: EventRecord, event: AccountEvent, zones: ZoneHistory): Addition {
  const date = accountingDate(event, (at) => zones.zoneAt(event.programme, at, record.position));
  const entries = entriesOf(event);
  const line = statementLine(event);
  return {
    date,
    entries,
    line,
    postingRows: entries.map((entry, no) => postingRow(record, event, date, entry, no)),
    lineRow: lineRow(record, event, line, date),
  };
}

/** The local day that an event counts on. An expiry brings its own, the last on which its lots were valid. */
export function accountingDate(event: AccountEvent, zoneAt: (at: Instant) => string): LocalDate {
  if (event.type === "PointsExpired") return dateInCalendar(event.accountingDate);
  return localDate(zoneAt(event.effectiveAt), event.effectiveAt);
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
    JSON.stringify(detail),
  ];
}

import type { EventStore } from "@taem/event-store";
import type { BusinessKey, LocalDate } from "@taem/kernel";
import type { Queryable } from "@taem/postgres";
import type { EffectDetail, StatementKind } from "../domain/index.ts";
import type { StatementLine } from "../read-model/addition.ts";
import { accountingDate, statementLine } from "../read-model/reading.ts";
import { SCHEMA } from "../read-model/schema.ts";
import type { ZoneHistory } from "../read-model/zone-history.ts";
import { accountEvents, type Horizon } from "./account-events.ts";
import type { AccountRef } from "./account-ref.ts";

/** A line with its place and its times. */
export interface StatementEntry extends StatementLine {
  readonly revision: number;
  readonly position: string;
  readonly occurredAt: number;
  readonly effectiveAt: number;
  readonly recordedAt: number;
  readonly accountingDate: LocalDate;
}

export interface StatementPage {
  /** Lines below this revision; undefined = from the newest on. */
  readonly before: number | undefined;
  readonly limit: number;
  /** Only lines that count on these accounting days. */
  readonly days: Days;
}

/** Accounting days, both included; undefined = from the first, to the last. */
export interface Days {
  readonly from: LocalDate | undefined;
  readonly to: LocalDate | undefined;
}

/** The book balance before the first of the days and after the last: the deltas of all lines dated so far. */
export interface SpanBalance {
  readonly opening: bigint;
  readonly closing: bigint;
}

function isWithin({ from, to }: Days, date: LocalDate): boolean {
  return (from === undefined || date >= from) && (to === undefined || date <= to);
}

type Row = [
  revision: number,
  position: string,
  occurredAt: bigint,
  effectiveAt: bigint,
  recordedAt: bigint,
  kind: StatementKind,
  reason: string,
  amount: string,
  delta: string,
  debt: string,
  book: string,
  system: string | null,
  id: string | null,
  leg: string | null,
  accountingDate: LocalDate,
  lot: number,
  detail: string,
];

const LINES = {
  name: `${SCHEMA}_statement`,
  text: `
    SELECT revision, position, occurred_at, effective_at, recorded_at, kind, reason, amount, delta, debt, book,
           system, external_id, leg, accounting_date, lot, detail
      FROM ${SCHEMA}.statement_lines
     WHERE member = $1 AND currency = $2 AND revision < $3
       AND ($5::date IS NULL OR accounting_date >= $5) AND ($6::date IS NULL OR accounting_date <= $6)
     ORDER BY revision DESC LIMIT $4`,
};

const NEWEST = 2 ** 31 - 1;

/** Lines of the read model, newest first. */
export async function readStatement(
  sql: Queryable,
  { member, currency }: AccountRef,
  { before = NEWEST, limit, days }: StatementPage,
): Promise<StatementEntry[]> {
  const { from, to } = days;
  const rows = await sql.queryArrays<Row>(LINES, [member, currency.code, before, limit, from, to]);
  return rows.map(entryOf);
}

const SPAN = {
  name: `${SCHEMA}_statement_span`,
  text: `
    SELECT sum(delta) FILTER (WHERE accounting_date < $3), sum(delta) FILTER (WHERE $4::date IS NULL OR accounting_date <= $4)
      FROM ${SCHEMA}.statement_lines WHERE member = $1 AND currency = $2`,
};

export async function readSpan(
  sql: Queryable,
  { member, currency }: AccountRef,
  { from, to }: Days,
): Promise<SpanBalance> {
  const values = [member, currency.code, from, to];
  const [row] = await sql.queryArrays<[opening: string | null, closing: string | null]>(SPAN, values);
  return { opening: BigInt(row?.[0] ?? 0), closing: BigInt(row?.[1] ?? 0) };
}

/** The same from the events. */
export async function foldSpan(
  store: Pick<EventStore, "readStream">,
  account: AccountRef,
  zones: ZoneHistory,
  horizon: Horizon,
  { from, to }: Days,
): Promise<SpanBalance> {
  let opening = 0n;
  let closing = 0n;
  for await (const { record, event } of accountEvents(store, account, horizon)) {
    const date = accountingDate(event, (at) => zones.zoneAt(event.programme, at, record.position));
    const { delta } = statementLine(event);
    if (from !== undefined && date < from) opening += delta;
    if (to === undefined || date <= to) closing += delta;
  }
  return { opening, closing };
}

function entryOf(row: Row): StatementEntry {
  const [revision, position, occurredAt, effectiveAt, recordedAt, kind, reason, amount, delta, debt, book] =
    row;
  const [system, id, leg, accountingDate, lot, detail] = row.slice(11) as [
    string | null,
    string | null,
    string | null,
    LocalDate,
    number,
    string,
  ];
  const key = system === null || id === null || leg === null ? undefined : { system, id, leg };
  return {
    revision,
    position,
    occurredAt: Number(occurredAt),
    effectiveAt: Number(effectiveAt),
    recordedAt: Number(recordedAt),
    kind,
    reason,
    amount: BigInt(amount),
    delta: BigInt(delta),
    debt: BigInt(debt),
    book: BigInt(book),
    key,
    accountingDate,
    lot,
    detail: JSON.parse(detail) as EffectDetail,
  };
}

/** What lines refer to: the business keys of sales by their lots, of burns by their lines. */
export interface Origins {
  readonly sales: ReadonlyMap<number, BusinessKey>;
  readonly burns: ReadonlyMap<number, BusinessKey>;
}

type OriginRow = [lot: number, revision: number, system: string, id: string, leg: string];

/** Of some lines of an account, as far as the read model has what they refer to. */
export async function originsOf(
  database: Queryable,
  { member, currency }: AccountRef,
  entries: readonly StatementEntry[],
): Promise<Origins> {
  const lots = entries.flatMap(({ detail }) => (detail.origins ?? []).map(([lot]) => lot));
  const burns = entries.flatMap(({ detail }) => detail.burn ?? []);
  if (lots.length === 0 && burns.length === 0) return { sales: new Map(), burns: new Map() };
  const rows = await database.queryArrays<OriginRow>(
    {
      name: `${SCHEMA}_origins`,
      text: `
        SELECT lot, revision, system, external_id, leg FROM ${SCHEMA}.statement_lines
         WHERE member = $1 AND currency = $2 AND (lot = ANY ($3::int[]) AND lot > 0 OR revision = ANY ($4::int[]))`,
    },
    [member, currency.code, lots, burns],
  );
  const keyed = rows.map(([lot, revision, system, id, leg]) => ({ lot, revision, key: { system, id, leg } }));
  return {
    sales: new Map(keyed.map(({ lot, key }) => [lot, key])),
    burns: new Map(keyed.map(({ revision, key }) => [revision, key])),
  };
}

/**
 * The same from the events. With a horizon the book balance is that of the lines that count, in log order. `newest` is
 * a revision that the account is thought to have: a page of a long stream is then read without what lies before it.
 */
export async function foldStatement(
  store: Pick<EventStore, "readStream">,
  account: AccountRef,
  zones: ZoneHistory,
  horizon: Horizon,
  page: StatementPage,
  newest = NEWEST,
): Promise<StatementEntry[]> {
  const { before = NEWEST, limit, days } = page;
  const isWhole = days.from === undefined && days.to === undefined;
  const last = Math.min(before - 1, newest);
  const start =
    isWhole && horizon.effectiveBy === undefined && last < NEWEST - 1 ? Math.max(0, last - limit) : 0;
  const entries = await foldLines(store, account, zones, horizon, page, start);
  // Fewer than are sure to be there: the stream is shorter than it was thought to be.
  const isShort = start > 0 && entries.length < limit;
  return isShort ? foldLines(store, account, zones, horizon, page, 0) : entries;
}

async function foldLines(
  store: Pick<EventStore, "readStream">,
  account: AccountRef,
  zones: ZoneHistory,
  horizon: Horizon,
  { before = NEWEST, limit, days }: StatementPage,
  afterRevision: number,
): Promise<StatementEntry[]> {
  let book: bigint | undefined = afterRevision === 0 ? 0n : undefined;
  const entries: StatementEntry[] = [];
  for await (const { record, event } of accountEvents(store, account, horizon, afterRevision)) {
    const { revision, position, recordedAt } = record;
    if (revision >= before) break;
    const line = statementLine(event);
    book = book === undefined ? line.book : book + line.delta;
    const { occurredAt, effectiveAt } = event;
    const date = accountingDate(event, (at) => zones.zoneAt(event.programme, at, position));
    if (!isWithin(days, date)) continue;
    const times = { occurredAt, effectiveAt, recordedAt, accountingDate: date };
    entries.push({ ...line, book, revision, position, ...times });
    if (entries.length > limit) entries.shift();
  }
  return entries.reverse();
}

/** The revision up to which the read model has an account; undefined if it has none of it. */
export async function projectedRevision(
  database: Queryable,
  { member, currency }: AccountRef,
): Promise<number | undefined> {
  const [row] = await database.queryArrays<[number]>(
    {
      name: `${SCHEMA}_revision`,
      text: `SELECT revision FROM ${SCHEMA}.balances WHERE member = $1 AND currency = $2`,
    },
    [member, currency.code],
  );
  return row?.[0];
}

import type { StatementKind } from "@taem/api";
import type { EventStore } from "@taem/event-store";
import type { Database } from "@taem/postgres";
import { type StatementLine, statementLine } from "../read-model/statement-line.ts";
import { accountEvents, type Horizon } from "./account-events.ts";
import type { AccountRef } from "./account-ref.ts";

/** A line with its place and its times. */
export interface StatementEntry extends StatementLine {
  readonly revision: number;
  readonly position: string;
  readonly occurredAt: number;
  readonly effectiveAt: number;
  readonly recordedAt: number;
}

export interface StatementPage {
  /** Lines below this revision; undefined = from the newest on. */
  readonly before: number | undefined;
  readonly limit: number;
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
];

const LINES = {
  name: "taem_ledger_statement",
  text: `
    SELECT revision, position, occurred_at, effective_at, recorded_at, kind, reason, amount, delta, debt, book,
           system, external_id, leg
      FROM taem_ledger.statement_lines
     WHERE member = $1 AND currency = $2 AND revision < $3
     ORDER BY revision DESC LIMIT $4`,
};

const NEWEST = 2 ** 31 - 1;

/** Lines of the read model, newest first. */
export async function readStatement(
  database: Database,
  { member, currency }: AccountRef,
  { before = NEWEST, limit }: StatementPage,
): Promise<StatementEntry[]> {
  const rows = await database.queryArrays<Row>(LINES, [member, currency.code, before, limit]);
  return rows.map(entryOf);
}

function entryOf(row: Row): StatementEntry {
  const [revision, position, occurredAt, effectiveAt, recordedAt, kind, reason, amount, delta, debt, book] =
    row;
  const [system, id, leg] = row.slice(11) as [string | null, string | null, string | null];
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
  };
}

/**
 * The same from the events. With a horizon the book balance is that of the lines that count, in log order. `newest` is
 * a revision that the account is thought to have: a page of a long stream is then read without what lies before it.
 */
export async function foldStatement(
  store: Pick<EventStore, "readStream">,
  account: AccountRef,
  horizon: Horizon,
  { before = NEWEST, limit }: StatementPage,
  newest = NEWEST,
): Promise<StatementEntry[]> {
  const last = Math.min(before - 1, newest);
  const start = horizon.effectiveBy === undefined && last < NEWEST - 1 ? Math.max(0, last - limit) : 0;
  const entries = await foldLines(store, account, horizon, { before, limit }, start);
  // Fewer than are sure to be there: the stream is shorter than it was thought to be.
  const isShort = start > 0 && entries.length < limit;
  return isShort ? foldLines(store, account, horizon, { before, limit }, 0) : entries;
}

async function foldLines(
  store: Pick<EventStore, "readStream">,
  account: AccountRef,
  horizon: Horizon,
  { before = NEWEST, limit }: StatementPage,
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
    entries.push({ ...line, book, revision, position, occurredAt, effectiveAt, recordedAt });
    if (entries.length > limit) entries.shift();
  }
  return entries.reverse();
}

/** The revision up to which the read model has an account; undefined if it has none of it. */
export async function projectedRevision(
  database: Database,
  { member, currency }: AccountRef,
): Promise<number | undefined> {
  const [row] = await database.queryArrays<[number]>(
    {
      name: "taem_ledger_revision",
      text: "SELECT revision FROM taem_ledger.balances WHERE member = $1 AND currency = $2",
    },
    [member, currency.code],
  );
  return row?.[0];
}

import { invariant } from "@taem/kernel";
import { int4Array, int8Array, type Statement, textArray, uuidArray, type Writes } from "@taem/postgres";
import { UnprojectableEvent } from "@taem/processing";
import type { AccountDelta, AdjustmentDelta, HoldDelta, LotDelta } from "./account-delta.ts";
import type { ActivityRow } from "./client-activity.ts";
import type { ControlTotal } from "./control-total.ts";
import { type Row, tables } from "./tables.ts";

/** New rows by table. */
export type Added = Readonly<Record<"postings" | "statement_lines", Row[]>>;

/** Rows that nothing changes any more, by COPY. */
export function writeAdded(writes: Writes, schema: string, added: Added): void {
  for (const [table, rows] of Object.entries(added)) copy(writes, schema, table, rows);
}

/** New rows by COPY, differences by one statement for each table. */
export function writeDifferences(
  writes: Writes,
  schema: string,
  { accounts, totals, activity }: Differences,
): void {
  writeBalances(writes, schema, accounts);
  writeLots(writes, schema, accounts);
  writeHolds(writes, schema, accounts);
  writeAdjustments(writes, schema, accounts);
  writeTotals(writes, schema, totals);
  writeActivity(writes, schema, activity);
}

/** What a batch came to. */
export interface Differences {
  readonly accounts: readonly AccountDelta[];
  readonly totals: readonly ControlTotal[];
  readonly activity: readonly ActivityRow[];
}

function copy(writes: Writes, schema: string, name: string, rows: readonly Row[]): void {
  if (rows.length === 0) return;
  const table = tables.find((one) => one.name === name);
  invariant(table, () => `the ledger has a table ${name}`);
  writes.copy(`${schema}.${name}`, Object.keys(table.columns), rows);
}

/** Differences go to rows that exist: where one does not, an event refers to what never was. */
function change(writes: Writes, statement: Statement, rows: number, columns: readonly Buffer[]): void {
  if (rows === 0) return;
  const otherwise = () =>
    new UnprojectableEvent(`not all of ${rows} rows to change are as expected (${statement.name})`);
  writes.run(statement, columns, { rows, otherwise });
}

/** Adds to rows, or begins them: each is there afterwards. */
function merge(writes: Writes, statement: Statement, rows: number, columns: readonly Buffer[]): void {
  if (rows > 0) writes.run(statement, columns);
}

/** Amounts may be larger than any integer type: they travel as text. */
function amounts(values: readonly bigint[]): Buffer {
  return textArray(values.map(String));
}

function instants(values: readonly number[]): Buffer {
  return int8Array(values.map(BigInt));
}

/** Parameter arrays hold no nulls. */
const NONE = -1;

function writeBalances(writes: Writes, schema: string, accounts: readonly AccountDelta[]): void {
  const begun = accounts.filter((account) => account.firstRevision === 1);
  copy(writes, schema, "balances", begun.map(balanceRow));
  const statement = {
    name: `${schema}_balances`,
    text: `
      UPDATE ${schema}.balances b
         SET revision = d.revision, position = d.position, effective_at = greatest(b.effective_at, d.effective_at), book = b.book + d.book::numeric,
             held = b.held + d.held::numeric, debt = b.debt + d.debt::numeric,
             debt_effective_at = greatest(b.debt_effective_at, d.debt_effective_at),
             waived = b.waived + d.waived::numeric,
             deadline = CASE WHEN d.has_deadline = 1 THEN nullif(d.deadline, ${NONE}) ELSE b.deadline END
        FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[],
                    $9::bigint[], $10::text[], $11::bigint[], $12::int[], $13::bigint[], $14::text[])
          AS d (member, currency, first_revision, revision, position, book, held, debt, debt_effective_at,
                waived, deadline, has_deadline, effective_at, stated)
       WHERE b.member = d.member AND b.currency = d.currency AND b.revision = d.first_revision - 1
         AND b.book + d.book::numeric = d.stated::numeric AND b.debt + d.debt::numeric >= 0`,
  };
  const changed = accounts.filter((account) => account.firstRevision > 1);
  change(writes, statement, changed.length, [
    uuidArray(changed.map(({ member }) => member)),
    textArray(changed.map(({ currency }) => currency)),
    int4Array(changed.map(({ firstRevision }) => firstRevision)),
    int4Array(changed.map(({ revision }) => revision)),
    textArray(changed.map(({ position }) => position)),
    amounts(changed.map(({ book }) => book)),
    amounts(changed.map(({ held }) => held)),
    amounts(changed.map(({ debt }) => debt)),
    instants(changed.map(({ debtEffectiveAt }) => debtEffectiveAt)),
    amounts(changed.map(({ waived }) => waived)),
    instants(changed.map(({ deadline }) => deadline ?? NONE)),
    int4Array(changed.map(({ deadline }) => (deadline === undefined ? 0 : 1))),
    instants(changed.map(({ effectiveAt }) => effectiveAt)),
    amounts(changed.map(({ stated }) => stated)),
  ]);
}

function balanceRow(account: AccountDelta): Row {
  const { book, stated } = account;
  if (book !== stated)
    throw new UnprojectableEvent(`an event states a book balance of ${stated}, its lots sum to ${book}`);
  return [
    account.slice,
    account.programme,
    account.member,
    account.currency,
    account.revision,
    account.position,
    account.effectiveAt,
    account.book,
    account.held,
    account.debt,
    account.debtEffectiveAt,
    account.waived,
    account.deadline,
  ];
}

interface LotChange {
  readonly account: AccountDelta;
  readonly no: number;
  readonly lot: LotDelta;
}

function writeLots(writes: Writes, schema: string, accounts: readonly AccountDelta[]): void {
  const begun: Row[] = [];
  const changed: LotChange[] = [];
  for (const account of accounts) {
    for (const [no, lot] of account.lots) {
      if (lot.begun !== undefined) begun.push(lotRow(account, no, lot, lot.begun));
      else changed.push({ account, no, lot });
    }
  }
  copy(writes, schema, "lots", begun);
  const statement = {
    name: `${schema}_lots`,
    text: `
      UPDATE ${schema}.lots l
         SET remaining = l.remaining + d.remaining::numeric, held = l.held + d.held::numeric,
             effective_at = greatest(l.effective_at, d.effective_at)
        FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::text[], $6::bigint[])
          AS d (member, currency, no, remaining, held, effective_at)
       WHERE l.member = d.member AND l.currency = d.currency AND l.no = d.no
         AND l.remaining + d.remaining::numeric >= 0`,
  };
  change(writes, statement, changed.length, [
    uuidArray(changed.map(({ account }) => account.member)),
    textArray(changed.map(({ account }) => account.currency)),
    int4Array(changed.map(({ no }) => no)),
    amounts(changed.map(({ lot }) => lot.remaining)),
    amounts(changed.map(({ lot }) => lot.held)),
    instants(changed.map(({ lot }) => lot.effectiveAt)),
  ]);
}

function lotRow(
  { slice, member, currency }: AccountDelta,
  no: number,
  { kind, source, effectiveAt, availableFrom, expiresAt, remaining, held }: LotDelta,
  begun: NonNullable<LotDelta["begun"]>,
): Row {
  if (remaining < 0n)
    throw new UnprojectableEvent(`more is taken of lot ${no} than it had: ${remaining} remain`);
  return [
    slice,
    member,
    no,
    availableFrom,
    expiresAt,
    begun.earnedAt,
    effectiveAt,
    currency,
    kind,
    source,
    begun.vintage,
    begun.amount,
    remaining,
    held,
  ];
}

interface HoldChange {
  readonly account: AccountDelta;
  readonly no: number;
  readonly hold: HoldDelta;
}

function writeHolds(writes: Writes, schema: string, accounts: readonly AccountDelta[]): void {
  const begun: Row[] = [];
  const changed: HoldChange[] = [];
  for (const account of accounts) {
    for (const [no, hold] of account.holds) {
      if (hold.begun !== undefined) begun.push(holdRow(account, no, hold, hold.begun));
      else changed.push({ account, no, hold });
    }
  }
  copy(writes, schema, "holds", begun);
  const statement = {
    name: `${schema}_holds`,
    text: `
      UPDATE ${schema}.holds h
         SET amount = h.amount + d.amount::numeric, takes = h.takes || d.takes::jsonb,
             captured = h.captured + d.captured::numeric, status = coalesce(nullif(d.status, ''), h.status),
             ended_at = coalesce(nullif(d.ended_at, ${NONE}), h.ended_at)
        FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[])
          AS d (member, currency, no, amount, takes, captured, status, ended_at)
       WHERE h.member = d.member AND h.currency = d.currency AND h.no = d.no`,
  };
  change(writes, statement, changed.length, [
    uuidArray(changed.map(({ account }) => account.member)),
    textArray(changed.map(({ account }) => account.currency)),
    int4Array(changed.map(({ no }) => no)),
    amounts(changed.map(({ hold }) => hold.amount)),
    textArray(changed.map(({ hold }) => JSON.stringify(hold.takes))),
    amounts(changed.map(({ hold }) => hold.captured)),
    textArray(changed.map(({ hold }) => hold.ended?.status ?? "")),
    instants(changed.map(({ hold }) => hold.ended?.at ?? NONE)),
  ]);
}

function holdRow(
  { slice, member, currency }: AccountDelta,
  no: number,
  hold: HoldDelta,
  { effectiveAt, timeoutAt, redemption }: NonNullable<HoldDelta["begun"]>,
): Row {
  return [
    slice,
    member,
    no,
    effectiveAt,
    timeoutAt,
    hold.ended?.at,
    currency,
    redemption,
    hold.ended?.status ?? "open",
    hold.amount,
    hold.captured,
    JSON.stringify(hold.takes),
  ];
}

interface AdjustmentChange {
  readonly account: AccountDelta;
  readonly no: number;
  readonly closed: NonNullable<AdjustmentDelta["closed"]>;
}

function writeAdjustments(writes: Writes, schema: string, accounts: readonly AccountDelta[]): void {
  const begun: Row[] = [];
  const changed: AdjustmentChange[] = [];
  for (const account of accounts) {
    for (const [no, { begun: asked, closed }] of account.adjustments) {
      if (asked !== undefined) begun.push(adjustmentRow(account, asked, closed));
      else if (closed !== undefined) changed.push({ account, no, closed });
    }
  }
  copy(writes, schema, "adjustments", begun);
  const statement = {
    name: `${schema}_adjustments`,
    text: `
      UPDATE ${schema}.adjustments a
         SET status = d.status, closed_at = d.closed_at, closed_by = CASE WHEN d.has_closer = 1 THEN d.closed_by END
        FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::bigint[], $6::text[], $7::int[])
          AS d (member, currency, no, status, closed_at, closed_by, has_closer)
       WHERE a.member = d.member AND a.currency = d.currency AND a.no = d.no`,
  };
  change(writes, statement, changed.length, [
    uuidArray(changed.map(({ account }) => account.member)),
    textArray(changed.map(({ account }) => account.currency)),
    int4Array(changed.map(({ no }) => no)),
    textArray(changed.map(({ closed }) => closed.status)),
    instants(changed.map(({ closed }) => closed.at)),
    textArray(changed.map(({ closed }) => closed.by ?? "")),
    int4Array(changed.map(({ closed }) => (closed.by === undefined ? 0 : 1))),
  ]);
}

function adjustmentRow(
  { slice, programme, member, currency }: AccountDelta,
  { event, position, recordedAt }: NonNullable<AdjustmentDelta["begun"]>,
  closed: AdjustmentDelta["closed"],
): Row {
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
    closed?.status ?? "waiting",
    event.reason,
    event.amount,
    event.requestedBy,
    closed?.by,
    event.because,
    event.key.system,
    event.key.id,
    event.key.leg,
  ];
}

/** One writer for a slice: whether a row exists cannot change between the look and the write. */
function writeTotals(writes: Writes, schema: string, totals: readonly ControlTotal[]): void {
  const statement = {
    name: `${schema}_control_totals`,
    text: `
      MERGE INTO ${schema}.control_totals t
      USING (SELECT slice, programme, currency, date::date AS date, debit, credit, amount::numeric AS amount, postings
               FROM unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[])
                 AS d (slice, programme, currency, date, debit, credit, amount, postings)) d
         ON t.programme = d.programme AND t.currency = d.currency AND t.accounting_date = d.date
        AND t.debit = d.debit AND t.credit = d.credit AND t.slice = d.slice
       WHEN MATCHED THEN UPDATE SET amount = t.amount + d.amount, postings = t.postings + d.postings
       WHEN NOT MATCHED THEN
     INSERT (slice, programme, currency, accounting_date, debit, credit, amount, postings)
     VALUES (d.slice, d.programme, d.currency, d.date, d.debit, d.credit, d.amount, d.postings)`,
  };
  merge(writes, statement, totals.length, [
    int4Array(totals.map(({ slice }) => slice)),
    uuidArray(totals.map(({ programme }) => programme)),
    textArray(totals.map(({ currency }) => currency)),
    textArray(totals.map(({ date }) => date)),
    textArray(totals.map(({ debit }) => debit)),
    textArray(totals.map(({ credit }) => credit)),
    amounts(totals.map(({ amount }) => amount)),
    int4Array(totals.map(({ postings }) => postings)),
  ]);
}

function writeActivity(writes: Writes, schema: string, activity: readonly ActivityRow[]): void {
  const statement = {
    name: `${schema}_client_activity`,
    text: `
      MERGE INTO ${schema}.client_activity t
      USING (SELECT slice, programme, date::date AS date, currency, principal, system, commands,
                    earned::numeric AS earned, adjusted::numeric AS adjusted
               FROM unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::text[],
                           $9::text[])
                 AS d (slice, programme, date, currency, principal, system, commands, earned, adjusted)) d
         ON t.programme = d.programme AND t.system = d.system AND t.principal = d.principal
        AND t.currency = d.currency AND t.date = d.date AND t.slice = d.slice
       WHEN MATCHED THEN UPDATE
        SET commands = t.commands + d.commands, earned = t.earned + d.earned, adjusted = t.adjusted + d.adjusted
       WHEN NOT MATCHED THEN
     INSERT (slice, programme, date, currency, principal, system, commands, earned, adjusted)
     VALUES (d.slice, d.programme, d.date, d.currency, d.principal, d.system, d.commands, d.earned, d.adjusted)`,
  };
  merge(writes, statement, activity.length, [
    int4Array(activity.map(({ slice }) => slice)),
    uuidArray(activity.map(({ programme }) => programme)),
    textArray(activity.map(({ date }) => date)),
    textArray(activity.map(({ currency }) => currency)),
    textArray(activity.map(({ principal }) => principal)),
    textArray(activity.map(({ system }) => system)),
    int4Array(activity.map(({ commands }) => commands)),
    amounts(activity.map(({ earned }) => earned)),
    amounts(activity.map(({ adjusted }) => adjusted)),
  ]);
}

import type { AccountState, Lot } from "@taem/domain";
import type { EventStore, Position } from "@taem/event-store";
import type { Database, Queryable } from "@taem/postgres";
import { loadCheckpoints, schemaOf } from "@taem/projection";
import { type FoldedAccount, type FoldedSlices, foldSlices } from "./account-fold.ts";
import { LedgerDisagrees, mustEqual } from "./difference.ts";

/** A store that can tell whether its events still are what their writers wrote. */
export interface VerifiableStore extends Pick<EventStore, "readLog"> {
  verifyPage(
    after: Position,
    limit: number,
  ): Promise<{
    readonly events: readonly unknown[];
    readonly next: Position;
    readonly damage: { readonly kind: "missing" | "altered"; readonly position: Position } | undefined;
  }>;
}

export interface VerifyOptions {
  readonly database: Database;
  readonly store: VerifiableStore;
  readonly onProgress?: (progress: VerifyProgress) => void;
}

export interface VerifyProgress {
  readonly phase: "digests" | "fold";
  readonly done: number;
  /** Events to come to in this phase. */
  readonly total: number;
}

export interface Verified {
  readonly events: number;
  readonly accounts: number;
  /** Time spent in the fold alone. */
  readonly foldSeconds: number;
}

const SCHEMA = schemaOf({ name: "ledger" });
const PAGE = 2_000;
/** Events folded together at most, about: what bounds memory. */
const EVENTS_A_PASS = 400_000;

/**
 * Recomputes every account from the log and holds it against the read model at the same positions: book balances three
 * ways (fold of events, read model, sum of lots), debt, holds, lots, statements, postings and control totals; and every
 * event against the digest its writer made. Throws `LedgerDisagrees` at the first difference.
 */
export async function verifyLedger({ database, store, onProgress }: VerifyOptions): Promise<Verified> {
  const show = onProgress ?? (() => {});
  const logged = await verifyDigests(store, show);
  return database.transaction(
    async (snapshot) => {
      const checkpoints = await loadCheckpoints(snapshot, SCHEMA);
      await verifyTables(snapshot);
      const passes = inPasses([...checkpoints.keys()], Math.ceil(logged / EVENTS_A_PASS));
      const sums = { events: 0, accounts: 0, foldSeconds: 0, read: 0 };
      for (const slices of passes) {
        const upTo = new Map(slices.map((slice) => [slice, checkpoints.get(slice) as Position]));
        const began = performance.now();
        const folded = await foldSlices(store, upTo, (count) => {
          sums.read += count;
          show({ phase: "fold", done: sums.read, total: logged });
        });
        sums.foldSeconds += (performance.now() - began) / 1000;
        sums.events += folded.events;
        sums.accounts += folded.accounts.size;
        await compare(snapshot, slices, folded);
      }
      const { events, accounts, foldSeconds } = sums;
      return { events, accounts, foldSeconds };
    },
    { snapshot: true },
  );
}

async function verifyDigests(
  store: VerifiableStore,
  show: (progress: VerifyProgress) => void,
): Promise<number> {
  let done = 0;
  for (let after = ""; ; ) {
    const { events, next, damage } = await store.verifyPage(after, PAGE);
    if (damage !== undefined) {
      const found = damage.kind === "missing" ? "no event" : "another event than its digest was made of";
      throw new LedgerDisagrees({
        what: "stored event",
        where: `position ${damage.position}`,
        expected: "the event as it was written",
        found,
      });
    }
    if (events.length === 0) return done;
    done += events.length;
    show({ phase: "digests", done, total: done });
    after = next;
  }
}

function inPasses(slices: readonly number[], passes: number): number[][] {
  const size = Math.ceil(slices.length / Math.min(slices.length, Math.max(1, passes)));
  return Array.from({ length: Math.ceil(slices.length / size) }, (_, i) =>
    slices.slice(i * size, (i + 1) * size),
  );
}

/** What must hold between the tables themselves. Each query names the first row that is wrong. */
async function verifyTables(sql: Queryable): Promise<void> {
  for (const { what, query } of CHECKS) {
    const [row] = await sql.queryArrays<[where: string, expected: string, found: string]>(query);
    if (row !== undefined)
      throw new LedgerDisagrees({ what, where: row[0], expected: row[1], found: row[2] });
  }
}

const CHECKS = [
  {
    what: "sum of the postings of one event",
    query: `SELECT 'position ' || position, '0', sum(amount)::text FROM ${SCHEMA}.postings
            GROUP BY position HAVING sum(amount) <> 0 ORDER BY position LIMIT 1`,
  },
  {
    what: "statement: book balance after a line",
    query: `SELECT member || ' ' || currency || ' line ' || revision, expected::text, book::text
            FROM (SELECT member, currency, revision, book,
                         coalesce(lag(book) OVER of_account, 0) + delta AS expected,
                         row_number() OVER of_account AS line
                  FROM ${SCHEMA}.statement_lines WINDOW of_account AS (PARTITION BY member, currency ORDER BY revision)) l
            WHERE book <> expected OR line <> revision ORDER BY member, currency, revision LIMIT 1`,
  },
  {
    what: "control total against its postings",
    query: `SELECT t.account || ' ' || t.currency || ' on ' || t.accounting_date, p.posted, t.posted
            FROM (SELECT slice, programme, currency, accounting_date, account,
                         concat_ws(' ', trim_scale(debit), trim_scale(credit), postings) AS posted
                  FROM ${SCHEMA}.control_totals) t
            FULL JOIN (SELECT slice, programme, currency, accounting_date, account,
                              concat_ws(' ', trim_scale(coalesce(sum(amount) FILTER (WHERE amount > 0), 0)),
                                        trim_scale(coalesce(-sum(amount) FILTER (WHERE amount < 0), 0)), count(*)) AS posted
                       FROM ${SCHEMA}.postings GROUP BY 1, 2, 3, 4, 5) p
              USING (slice, programme, currency, accounting_date, account)
            WHERE t.posted IS DISTINCT FROM p.posted ORDER BY 1 LIMIT 1`,
  },
];

async function compare(sql: Queryable, slices: readonly number[], folded: FoldedSlices): Promise<void> {
  await comparePostings(sql, slices, folded.postings);
  await compareBalances(sql, slices, folded.accounts);
  await compareLots(sql, slices, folded.accounts);
}

async function comparePostings(
  sql: Queryable,
  slices: readonly number[],
  expected: ReadonlyMap<string, bigint>,
): Promise<void> {
  const rows = await sql.queryArrays<[key: string, total: string]>(
    `SELECT concat_ws(' ', slice, programme, currency, account), trim_scale(sum(amount))::text
     FROM ${SCHEMA}.postings WHERE slice = ANY ($1::smallint[]) GROUP BY slice, programme, currency, account`,
    [slices],
  );
  const found = new Map(rows);
  for (const [key, total] of expected) {
    mustEqual(
      "sum of a ledger account: fold of events against read model",
      key,
      total,
      found.get(key) ?? "nothing",
    );
    found.delete(key);
  }
  const [unknown] = found;
  if (unknown !== undefined) mustEqual("postings that no event made", unknown[0], "nothing", unknown[1]);
}

type BalanceRow = readonly [
  name: string,
  revision: number,
  book: string,
  held: string,
  debt: string,
  lots: string,
];

async function compareBalances(
  sql: Queryable,
  slices: readonly number[],
  accounts: ReadonlyMap<string, FoldedAccount>,
): Promise<void> {
  const rows = await sql.queryArrays<BalanceRow>(
    `SELECT b.member || ' ' || b.currency, b.revision, trim_scale(b.book)::text, trim_scale(b.held)::text,
            trim_scale(b.debt)::text, trim_scale(coalesce(l.remaining, 0))::text
     FROM ${SCHEMA}.balances b
     LEFT JOIN (SELECT member, currency, sum(remaining) AS remaining FROM ${SCHEMA}.lots
                WHERE slice = ANY ($1::smallint[]) GROUP BY member, currency) l USING (member, currency)
     WHERE b.slice = ANY ($1::smallint[])`,
    [slices],
  );
  const found = new Map(rows.map((row) => [row[0], row]));
  for (const { member, currency, state } of accounts.values()) {
    const name = `${member} ${currency}`;
    const row = found.get(name);
    found.delete(name);
    if (row === undefined) throw missing("balance", name);
    mustEqual("events of the account: log against read model", name, state.revision, row[1]);
    mustEqual("book balance: fold of events against read model", name, state.book, row[2]);
    mustEqual("book balance: fold of events against sum of lots", name, state.book, row[5]);
    mustEqual("points on hold: fold of events against read model", name, state.held, row[3]);
    mustEqual("debt: fold of events against read model", name, state.debt, row[4]);
  }
  const [unknown] = found;
  if (unknown !== undefined) mustEqual("balance that no event made", unknown[0], "nothing", unknown[1][2]);
}

type LotRow = readonly [
  name: string,
  no: number,
  amount: string,
  remaining: string,
  held: string,
  expires: bigint | null,
];

async function compareLots(
  sql: Queryable,
  slices: readonly number[],
  accounts: ReadonlyMap<string, FoldedAccount>,
): Promise<void> {
  const byName = new Map(
    [...accounts.values()].map(({ member, currency, state }) => [`${member} ${currency}`, state]),
  );
  for (const slice of slices) {
    const rows = await sql.queryArrays<LotRow>(
      `SELECT member || ' ' || currency, no, trim_scale(amount)::text, trim_scale(remaining)::text,
              trim_scale(held)::text, expires_at FROM ${SCHEMA}.lots WHERE slice = $1`,
      [slice],
    );
    for (const row of rows) compareLot(row, byName.get(row[0]));
  }
}

function compareLot(
  [name, no, amount, remaining, held, expires]: LotRow,
  state: AccountState | undefined,
): void {
  const lot = state === undefined ? undefined : lotOf(state, no);
  const where = `${name} lot ${no}`;
  if (lot === undefined)
    throw new LedgerDisagrees({ what: "lot that no event made", where, expected: "nothing", found: amount });
  mustEqual("amount of a lot", where, lot.amount, amount);
  mustEqual("what is left of a lot", where, lot.remaining, remaining);
  mustEqual("what holds have named of a lot", where, lot.held, held);
  mustEqual("expiry of a lot", where, lot.expiresAt, expires ?? Number.POSITIVE_INFINITY);
}

function lotOf(state: AccountState, no: number): Lot | undefined {
  return state.open.find((lot) => lot.no === no) ?? state.closed.get(no);
}

function missing(what: string, where: string): LedgerDisagrees {
  return new LedgerDisagrees({ what, where, expected: "a row of the read model", found: "none" });
}

import type { LocalDate } from "@taem/kernel";
import type { Queryable } from "@taem/postgres";
import type { Currency, Programme } from "@taem/programme/definitions";
import { SCHEMA } from "../read-model/schema.ts";

/** Rows of the read model that a report's figures are made of, in the order of their indexes, from a place on. */

export interface ListOf {
  readonly programme: Programme;
  readonly currency: Currency;
  readonly limit: number;
}

const BEFORE_ALL = "00000000-0000-0000-0000-000000000000";

type AccountRow = [member: string, amount: string, book: string];

/** Accounts with something in a column of amounts that has an index of its own. */
export function accountsWith(
  sql: Queryable,
  column: "debt" | "waived",
  { programme, currency, limit }: ListOf,
  after = BEFORE_ALL,
): Promise<AccountRow[]> {
  return sql.queryArrays<AccountRow>(
    {
      name: `${SCHEMA}_with_${column}`,
      text: `SELECT member, ${column}, book FROM ${SCHEMA}.balances
              WHERE programme = $1 AND currency = $2 AND member > $3 AND ${column} > 0 ORDER BY member LIMIT $4`,
    },
    [programme.id, currency.code, after, limit],
  );
}

type HoldRow = [
  member: string,
  no: number,
  amount: string,
  redemption: string,
  placedAt: bigint,
  timeoutAt: bigint,
];

const HOLDS = {
  name: `${SCHEMA}_open_holds`,
  text: `
    SELECT h.member, h.no, h.amount, h.redemption, h.effective_at, h.timeout_at
      FROM ${SCHEMA}.balances b JOIN ${SCHEMA}.holds h ON h.member = b.member AND h.currency = b.currency
     WHERE b.programme = $1 AND b.currency = $2 AND b.held > 0 AND b.member >= $3 AND (h.member, h.no) > ($3, $4)
       AND h.status = 'open' AND h.timeout_at > $5
     ORDER BY h.member, h.no LIMIT $6`,
};

/** Open at an instant, whether or not a sweep has ended those that are over. */
export function openHolds(
  sql: Queryable,
  { programme, currency, limit }: ListOf,
  at: number,
  [member, no]: readonly [string, number] = [BEFORE_ALL, 0],
): Promise<HoldRow[]> {
  return sql.queryArrays<HoldRow>(HOLDS, [programme.id, currency.code, member, no, at, limit]);
}

type HeldLotRow = [
  member: string,
  no: number,
  held: string,
  diedAt: bigint,
  earnedAt: bigint,
  vintage: string,
];

/** What an open hold names of a lot, by the holds themselves: those that are over by then hold nothing. */
const HELD_LOTS = {
  name: `${SCHEMA}_held_past_expiry`,
  text: `
    SELECT l.member, l.no, sum((take->>1)::numeric), min(least(l.expires_at, b.deadline)), l.earned_at, l.vintage
      FROM ${SCHEMA}.balances b
      JOIN ${SCHEMA}.holds h ON h.member = b.member AND h.currency = b.currency
                              AND h.status = 'open' AND h.timeout_at > $5
     CROSS JOIN jsonb_array_elements(h.takes) AS take
      JOIN ${SCHEMA}.lots l ON l.member = h.member AND l.currency = h.currency AND l.no = (take->>0)::int
     WHERE b.programme = $1 AND b.currency = $2 AND b.held > 0 AND b.member >= $3 AND (l.member, l.no) > ($3, $4)
       AND least(l.expires_at, b.deadline) <= $5
     GROUP BY l.member, l.no, l.earned_at, l.vintage
     ORDER BY l.member, l.no LIMIT $6`,
};

export function lotsHeldPastExpiry(
  sql: Queryable,
  { programme, currency, limit }: ListOf,
  at: number,
  [member, no]: readonly [string, number] = [BEFORE_ALL, 0],
): Promise<HeldLotRow[]> {
  return sql.queryArrays<HeldLotRow>(HELD_LOTS, [programme.id, currency.code, member, no, at, limit]);
}

type PostingRow = [
  position: string,
  no: number,
  date: LocalDate,
  effectiveAt: bigint,
  debit: string,
  credit: string,
  amount: string,
  member: string,
  revision: number,
];

const side = (account: "debit" | "credit", more = "") => `
    (SELECT position, no, accounting_date, effective_at, debit, credit, amount, member, revision
       FROM ${SCHEMA}.postings
      WHERE programme = $1 AND currency = $2 AND ${account} = $3 AND (position, no) < ($4, $5) ${more}
        AND ($6::date IS NULL OR accounting_date >= $6) AND ($7::date IS NULL OR accounting_date <= $7)
      ORDER BY position DESC, no DESC LIMIT $8)`;

const POSTINGS = {
  name: `${SCHEMA}_account_postings`,
  text: `${side("debit")} UNION ALL ${side("credit", "AND debit <> $3")} ORDER BY position DESC, no DESC LIMIT $8`,
};

export interface PostingFilter {
  readonly account: string;
  readonly from: LocalDate | undefined;
  readonly to: LocalDate | undefined;
}

/** Of a ledger account, newest first, from before a place on. */
export function accountPostings(
  sql: Queryable,
  { programme, currency, limit }: ListOf,
  { account, from, to }: PostingFilter,
  [position, no]: readonly [string, number] = ["~", 0],
): Promise<PostingRow[]> {
  const bounds = [position, no, from, to, limit];
  return sql.queryArrays<PostingRow>(POSTINGS, [programme.id, currency.code, account, ...bounds]);
}

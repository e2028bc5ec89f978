import { type Queryable, textArray, uuidArray } from "@taem/postgres";
import { type AccountState, type Hold, type Lot, newAccount } from "../domain/index.ts";
import { SCHEMA } from "../read-model/schema.ts";

/**
 * Accounts out of the read model: the part of their state that says what they are worth at any instant, so that the
 * domain's own functions answer.
 */

export interface AccountRow {
  readonly member: string;
  readonly currency: string;
  /** Of the last event that is in it. */
  readonly position: string;
  /** Something is waived. */
  readonly hasWaivers: boolean;
  readonly state: AccountState;
}

/** What a hold that is over gives back of what was waived depends on when each began, which only the events say. */
export function needsEvents({ hasWaivers, state }: AccountRow, at: number): boolean {
  return hasWaivers && [...state.holds.values()].some(({ timeoutAt }) => timeoutAt <= at);
}

type LotFields = [
  no: number,
  kind: Lot["kind"],
  source: string,
  amount: string,
  remaining: string,
  held: string,
  availableFrom: number,
  expiresAt: number | null,
  earnedAt: number,
  vintage: string,
  effectiveAt: number,
];
type HoldFields = [
  no: number,
  amount: string,
  takes: [lot: number, amount: string, vintage: string][],
  timeoutAt: number,
  effectiveAt: number,
  redemption: string,
];
/** As `ACCOUNT_COLUMNS` says. */
export type AccountFields = [
  member: string,
  currency: string,
  position: string,
  revision: number,
  book: string,
  debt: string,
  debtEffectiveAt: bigint,
  hasWaivers: boolean,
  deadline: bigint | null,
  lots: LotFields[] | null,
  holds: HoldFields[] | null,
];

/** What is read of an account, whose balance is the row `b`. */
export const ACCOUNT_COLUMNS = `
           b.member, b.currency, b.position, b.revision, b.book, b.debt, b.debt_effective_at, b.waived > 0, b.deadline,
           (SELECT json_agg(json_build_array(l.no, l.kind, l.source, l.amount::text, l.remaining::text, l.held::text,
                                             l.available_from, l.expires_at, l.earned_at, l.vintage, l.effective_at)
                            ORDER BY l.expires_at NULLS LAST, l.earned_at, l.no)
              FROM ${SCHEMA}.lots l
             WHERE l.member = b.member AND l.currency = b.currency AND l.remaining > 0),
           (SELECT json_agg(json_build_array(h.no, h.amount::text, h.takes, h.timeout_at, h.effective_at, h.redemption)
                            ORDER BY h.no)
              FROM ${SCHEMA}.holds h
             WHERE h.member = b.member AND h.currency = b.currency AND h.status = 'open')`;

const ACCOUNTS = {
  name: `${SCHEMA}_accounts`,
  text: `
    SELECT ${ACCOUNT_COLUMNS}
      FROM unnest($1::uuid[], $2::text[]) AS a (member, currency)
      JOIN ${SCHEMA}.balances b ON b.member = a.member AND b.currency = a.currency`,
};

/** Those of the accounts that have had any event; one statement, so all of it is of one instant. */
export async function readAccounts(
  sql: Queryable,
  accounts: readonly { readonly member: string; readonly currency: string }[],
): Promise<AccountRow[]> {
  const rows = await sql.queryArrays<AccountFields>(ACCOUNTS, [
    uuidArray(accounts.map(({ member }) => member)),
    textArray(accounts.map(({ currency }) => currency)),
  ]);
  return rows.map(accountRow);
}

export function accountRow(fields: AccountFields): AccountRow {
  const [member, currency, position, , , , , hasWaivers] = fields;
  return { member, currency, position, hasWaivers, state: stateOf(fields) };
}

function stateOf(row: AccountFields): AccountState {
  const [, , , revision, book, debt, debtEffectiveAt, , deadline, lots, holds] = row;
  const open = (lots ?? []).map(lotOf);
  return {
    ...newAccount(),
    revision,
    book: BigInt(book),
    held: open.reduce((sum, lot) => sum + lot.held, 0n),
    matureBy: open.reduce((latest, lot) => Math.max(latest, lot.availableFrom), 0),
    debt: BigInt(debt),
    debtEffectiveAt: Number(debtEffectiveAt),
    deadline: deadline === null ? Number.POSITIVE_INFINITY : Number(deadline),
    lots: byNumber(open),
    open: open.map(({ no }) => no),
    holds: new Map((holds ?? []).map((hold) => [hold[0], holdOf(hold)])),
  };
}

function byNumber(lots: readonly Lot[]): AccountState["lots"] {
  // A draft, which takes as many as there are: the account itself would make room up to the highest number.
  const map = newAccount().lots.draft();
  for (const lot of lots) map.set(lot.no, lot);
  return map;
}

function lotOf(fields: LotFields): Lot {
  const [
    no,
    kind,
    source,
    amount,
    remaining,
    held,
    availableFrom,
    expiresAt,
    earnedAt,
    vintage,
    effectiveAt,
  ] = fields;
  return {
    no,
    kind,
    source,
    amount: BigInt(amount),
    remaining: BigInt(remaining),
    held: BigInt(held),
    availableFrom,
    expiresAt: expiresAt ?? Number.POSITIVE_INFINITY,
    earnedAt,
    vintage,
    effectiveAt,
    // What only reversals ask for is not read back: nobody decides on a read model.
    replaces: 0,
    expired: 0n,
    repaid: 0n,
    restored: 0n,
    reversed: 0n,
    forgiven: 0n,
    refunded: 0n,
  };
}

function holdOf([no, amount, takes, timeoutAt, effectiveAt, redemption]: HoldFields): Hold {
  return {
    no,
    amount: BigInt(amount),
    takes: takes.map(([lot, part, vintage]) => ({ lot, amount: BigInt(part), vintage })),
    timeoutAt,
    effectiveAt,
    redemption,
  };
}

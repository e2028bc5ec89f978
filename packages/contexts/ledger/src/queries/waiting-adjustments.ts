import type { BusinessKey } from "@taem/kernel";
import type { Queryable } from "@taem/postgres";
import type { Currency, Programme } from "@taem/programme/definitions";
import { SCHEMA } from "../read-model/schema.ts";

/** An adjustment that nobody has decided on. */
export interface WaitingAdjustment {
  readonly no: number;
  readonly member: string;
  readonly currency: Currency;
  readonly direction: "credit" | "debit" | "write_off";
  /** Minor units. */
  readonly amount: bigint;
  readonly reason: string;
  readonly requestedBy: string;
  readonly occurredAt: number;
  /** Null = never. */
  readonly expiresAt: number | null;
  /** Why it needs a second principal; null = it was not recorded. */
  readonly because: "limit" | "ceiling" | "write_off" | null;
  readonly source: BusinessKey;
  /** Of its request in the log. */
  readonly position: string;
}

type Row = [
  no: number,
  member: string,
  currency: string,
  direction: WaitingAdjustment["direction"],
  amount: string,
  reason: string,
  requestedBy: string,
  occurredAt: bigint,
  expiresAt: bigint | null,
  because: WaitingAdjustment["because"],
  system: string,
  id: string,
  leg: string,
  position: string,
];

const WAITING = {
  name: `${SCHEMA}_waiting`,
  text: `
    SELECT no, member, currency, direction, amount::text, reason, requested_by, occurred_at, expires_at,
           because, system, external_id, leg, position
      FROM ${SCHEMA}.adjustments
     WHERE programme = $1 AND status = 'waiting' AND position > $2 AND (expires_at IS NULL OR expires_at > $3)
     ORDER BY position LIMIT $4`,
};

/** Those of a programme that wait at `now`, whether or not the sweep has run, by position from after `after` on. */
export async function waitingAdjustments(
  sql: Queryable,
  programme: Programme,
  { after, now, limit }: { readonly after: string; readonly now: number; readonly limit: number },
): Promise<WaitingAdjustment[]> {
  const rows = await sql.queryArrays<Row>(WAITING, [programme.id, after, now, limit]);
  return rows.map(([no, member, code, direction, amount, reason, requestedBy, ...rest]) => {
    const [occurredAt, expiresAt, because, system, id, leg, position] = rest;
    return {
      no,
      member,
      currency: programme.currencies.get(code) as Currency,
      direction,
      amount: BigInt(amount),
      reason,
      requestedBy,
      occurredAt: Number(occurredAt),
      expiresAt: expiresAt === null ? null : Number(expiresAt),
      because,
      source: { system, id, leg },
      position,
    };
  });
}

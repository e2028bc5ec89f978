import type { EventStore, Position } from "@taem/event-store";
import { parkedOfProgramme } from "@taem/host";
import type { Queryable } from "@taem/postgres";
import { loadParked } from "@taem/processing";
import { accountStream } from "../events.ts";
import { SCHEMA } from "../read-model/schema.ts";

/** An account that the read model has stopped following. */
export interface ParkedAccount {
  readonly member: string;
  /** Ordinal of its currency. */
  readonly currencyNo: number;
  /** Of the first event that is not in the rows. */
  readonly position: Position;
  readonly revision: number;
}

const ACCOUNT_STREAM = /^taem\.account-([0-9a-f-]{36})-([0-9]+)$/;

/** The accounts of all programmes whose events are parked: few, or the projector stops. */
export async function parkedAccounts(sql: Queryable): Promise<ParkedAccount[]> {
  const parked = await loadParked(sql, SCHEMA);
  return parked.flatMap(({ key, position, revision }) => {
    const [, member, no] = ACCOUNT_STREAM.exec(key) ?? [];
    return member === undefined ? [] : [{ member, currencyNo: Number(no), position, revision }];
  });
}

/** How many members of a programme have an account that the read model has stopped following. */
export async function countParkedAccounts(sql: Queryable, programme: string): Promise<number> {
  const members = (await parkedAccounts(sql)).map(({ member }) => member);
  if (members.length === 0) return 0;
  const [row] = await sql.queryArrays<[bigint]>(
    `SELECT count(DISTINCT member) FROM ${SCHEMA}.balances WHERE programme = $1 AND member = ANY ($2::uuid[])`,
    [programme, members],
  );
  return Number(row?.[0] ?? 0n);
}

export async function isOfProgramme(
  store: Pick<EventStore, "read">,
  { member, currencyNo }: ParkedAccount,
  programme: string,
): Promise<boolean> {
  return (await parkedOfProgramme(store, [accountStream(member, currencyNo)], programme)).length > 0;
}

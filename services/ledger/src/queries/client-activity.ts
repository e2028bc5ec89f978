import { type Activity, NO_ACTIVITY } from "@taem/domain";
import type { Database, Queryable } from "@taem/postgres";

export interface SystemInUse {
  readonly commands: number;
  /** Local days, `2026-11-29`. */
  readonly first: string;
  readonly last: string;
}

/** By system: what clients have done under it in a programme. */
export async function systemsInUse(
  sql: Queryable,
  programme: string,
): Promise<ReadonlyMap<string, SystemInUse>> {
  const rows = await sql.queryArrays<[string, bigint, string, string]>(
    `SELECT system, sum(commands)::bigint, min(date)::text, max(date)::text
       FROM taem_ledger.client_activity WHERE programme = $1 GROUP BY system`,
    [programme],
  );
  return new Map(
    rows.map(([system, commands, first, last]) => [system, { commands: Number(commands), first, last }]),
  );
}

/** Whether commands of a programme are known under a system; nothing is known where nothing was ever projected. */
export async function isSystemInUse(database: Database, programme: string, system: string): Promise<boolean> {
  if (!(await isProjected(database))) return false;
  const [row] = await database.queryArrays<[boolean]>(
    "SELECT EXISTS (SELECT FROM taem_ledger.client_activity WHERE programme = $1 AND system = $2)",
    [programme, system],
  );
  return row?.[0] === true;
}

/** What a principal is known to have done on a local day of the server's time, in a currency of a programme. */
export async function activityOn(
  database: Database,
  ...[programme, currency, principal, date]: readonly [string, string, string, string]
): Promise<Activity> {
  if (!(await isProjected(database))) return NO_ACTIVITY;
  const [row] = await database.queryArrays<[string, string]>(
    `SELECT coalesce(sum(earned), 0)::text, coalesce(sum(adjusted), 0)::text FROM taem_ledger.client_activity
      WHERE programme = $1 AND principal = $2 AND currency = $3 AND date = $4`,
    [programme, principal, currency, date],
  );
  const [earned, adjusted] = row as [string, string];
  return { earned: BigInt(earned), adjusted: BigInt(adjusted) };
}

async function isProjected(database: Database): Promise<boolean> {
  const [row] = await database.queryArrays<[boolean]>(
    "SELECT to_regclass('taem_ledger.client_activity') IS NOT NULL",
  );
  return row?.[0] === true;
}

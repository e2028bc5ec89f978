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
  const [projected] = await database.queryArrays<[boolean]>(
    "SELECT to_regclass('taem_ledger.client_activity') IS NOT NULL",
  );
  if (projected?.[0] !== true) return false;
  const [row] = await database.queryArrays<[boolean]>(
    "SELECT EXISTS (SELECT FROM taem_ledger.client_activity WHERE programme = $1 AND system = $2)",
    [programme, system],
  );
  return row?.[0] === true;
}

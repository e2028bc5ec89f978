import { setTimeout as delay } from "node:timers/promises";
import type { EventStore } from "@taem/event-store";
import { ApiError } from "@taem/http";
import type { Queryable } from "@taem/postgres";
import { type Activity, NO_ACTIVITY } from "../domain/index.ts";
import { SCHEMA } from "../read-model/schema.ts";
import { countParkedAccounts } from "./parked-accounts.ts";

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
       FROM ${SCHEMA}.client_activity WHERE programme = $1 GROUP BY system`,
    [programme],
  );
  return new Map(
    rows.map(([system, commands, first, last]) => [system, { commands: Number(commands), first, last }]),
  );
}

/** How long the read model is waited for, and between two looks, in milliseconds. */
const PATIENCE_MS = 2_000;
const LOOK_MS = 25;

/**
 * Whether commands of a programme have been done under a system, up to now; nothing is known where nothing was ever
 * projected. Throws `read_model_behind` where the read model does not come to know of what was done, a moment ago or on an
 * account that is parked.
 */
export async function isSystemInUse(
  { database, store }: { readonly database: Queryable; readonly store: Pick<EventStore, "head"> },
  programme: string,
  system: string,
): Promise<boolean> {
  if (!(await isProjected(database))) return false;
  const head = await store.head();
  const until = performance.now() + PATIENCE_MS;
  while (!(await hasRead(database, head))) {
    if (performance.now() > until) throw behind(head);
    await delay(LOOK_MS);
  }
  const parked = await countParkedAccounts(database, programme);
  if (parked > 0) {
    const detail = `${parked} accounts of the programme are parked, and nobody knows what was done on them: replay them first`;
    throw new ApiError("read_model_behind", { detail });
  }
  // Of one instant: what was there a moment ago a crash of the database may have taken back.
  const [row] = await database.queryArrays<[boolean, boolean]>(
    `SELECT (SELECT min(position) >= $3 FROM ${SCHEMA}.checkpoints),
            EXISTS (SELECT FROM ${SCHEMA}.client_activity WHERE programme = $1 AND system = $2)`,
    [programme, system, head],
  );
  const [isReached, isInUse] = row ?? [false, false];
  if (!isReached) throw behind(head);
  return isInUse;
}

function behind(head: string): ApiError {
  const detail = `the read model, which knows what is in use, has not reached position ${head} yet`;
  return new ApiError("read_model_behind", { detail });
}

/** Whether every slice has been read up to a position. */
async function hasRead(database: Queryable, position: string): Promise<boolean> {
  const [row] = await database.queryArrays<[boolean]>(
    `SELECT min(position) >= $1 FROM ${SCHEMA}.checkpoints`,
    [position],
  );
  return row?.[0] === true;
}

/** What a principal is known to have done on a local day of the server's time, in a currency of a programme. */
export async function activityOn(
  database: Queryable,
  ...[programme, currency, principal, date]: readonly [string, string, string, string]
): Promise<Activity> {
  if (!(await isProjected(database))) return NO_ACTIVITY;
  const [row] = await database.queryArrays<[string, string]>(
    `SELECT coalesce(sum(earned), 0)::text, coalesce(sum(adjusted), 0)::text FROM ${SCHEMA}.client_activity
      WHERE programme = $1 AND principal = $2 AND currency = $3 AND date = $4`,
    [programme, principal, currency, date],
  );
  const [earned, adjusted] = row as [string, string];
  return { earned: BigInt(earned), adjusted: BigInt(adjusted) };
}

async function isProjected(database: Queryable): Promise<boolean> {
  const [row] = await database.queryArrays<[boolean]>(
    `SELECT to_regclass('${SCHEMA}.client_activity') IS NOT NULL`,
  );
  return row?.[0] === true;
}

import { type Cut, cutOf } from "@taem/host";
import { ApiError } from "@taem/http";
import type { Queryable } from "@taem/postgres";
import { LEDGER_VERSION } from "../read-model/ledger-projection.ts";
import { LEDGER } from "../read-model/schema.ts";

export function cutAt(position: string, through = position): Cut {
  return { position, through, definitionVersion: LEDGER_VERSION };
}

/** Of the read model, in the statement's or transaction's snapshot. */
export function readModelCut(sql: Queryable): Promise<Cut> {
  return cutOf(sql, { name: LEDGER, version: LEDGER_VERSION });
}

/** Throws `read_model_behind` where the rows of a snapshot have less than a cut: a crash of the database has taken some back. */
export async function assertReached(sql: Queryable, position: string): Promise<void> {
  const cut = await readModelCut(sql);
  if (cut.position >= position) return;
  throw new ApiError("read_model_behind", {
    detail: `the read model has not reached position ${position} yet`,
  });
}

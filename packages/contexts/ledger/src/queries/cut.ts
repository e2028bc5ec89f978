import { type Cut, cutOf } from "@taem/host";
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

import type { Queryable } from "@taem/postgres";
import { LEDGER_VERSION } from "../read-model/ledger-projection.ts";
import { SCHEMA } from "../read-model/schema.ts";

/** What an answer knows: everything up to `position`, nothing after `through`, by which version of the definitions. */
export interface Cut {
  readonly position: string;
  /** Beyond `position` where some slices are ahead of others. */
  readonly through: string;
  readonly definitionVersion: number;
}

export function cutAt(position: string, through = position): Cut {
  return { position, through, definitionVersion: LEDGER_VERSION };
}

/** Of the read model, in the statement's or transaction's snapshot. */
export async function readModelCut(sql: Queryable): Promise<Cut> {
  const [row] = await sql.queryArrays<[string, string]>({
    name: `${SCHEMA}_cut`,
    text: `SELECT min(position), max(position) FROM ${SCHEMA}.checkpoints`,
  });
  return cutAt(row?.[0] ?? "", row?.[1] ?? "");
}

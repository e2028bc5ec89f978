import type { Queryable } from "@taem/postgres";
import { type Projection, schemaOf } from "@taem/processing";

/** What an answer knows: everything up to `position`, nothing after `through`, by which version of the definitions. */
export interface Cut {
  readonly position: string;
  /** Beyond `position` where some slices are ahead of others. */
  readonly through: string;
  readonly definitionVersion: number;
}

/** Of a read model, in the statement's or transaction's snapshot. */
export async function cutOf(sql: Queryable, projection: Pick<Projection, "name" | "version">): Promise<Cut> {
  const schema = schemaOf(projection);
  const [row] = await sql.queryArrays<[string, string]>({
    name: `${schema}_cut`,
    text: `SELECT min(position), max(position) FROM ${schema}.checkpoints`,
  });
  const [position = "", through = ""] = row ?? [];
  return { position, through, definitionVersion: projection.version };
}

import type { Queryable } from "@taem/postgres";
import type { EventRow } from "./event-rows.ts";
import { SCHEMA } from "./schema.ts";

const NAMES = {
  name: `${SCHEMA}_stream_names`,
  text: `SELECT s.id::text, s.name FROM ${SCHEMA}.streams s WHERE s.id = ANY ($1::bigint[])`,
};

/** About a hundred bytes each. */
const REMEMBERED = 50_000;

/** The names of streams by their ids. A stream never changes its name, so one look is enough. */
export class StreamNames {
  #names = new Map<string, string>();

  /** Names by id, at least of the streams of these rows; a stream that was deleted has none. */
  async of(database: Queryable, rows: readonly EventRow[]): Promise<ReadonlyMap<string, string>> {
    if (this.#names.size > REMEMBERED) this.#names = new Map();
    const names = this.#names;
    const missing = new Set<string>();
    for (const [, id] of rows) if (!names.has(id)) missing.add(id);
    if (missing.size > 0) {
      const found = await database.queryArrays<[id: string, name: string]>(NAMES, [[...missing]]);
      for (const [id, name] of found) names.set(id, name);
    }
    return names;
  }
}

import type { DomainEvent } from "@taem/schema";
import type { Fold, Projection } from "../projection.ts";
import type { KeyedRows } from "./keyed-rows.ts";
import { readerOf, writerOf } from "./row-store.ts";

/** What a projection of keyed rows says beside its rows; `handles` all events of the catalogue unless told. */
export interface RowsProjectionOptions<E extends DomainEvent>
  extends Pick<Projection<E>, "name" | "version" | "catalogue">,
    Partial<Pick<Projection<E>, "handles" | "prepare">> {
  readonly rows: readonly KeyedRows<E>[];
}

/** A projection all of whose tables are keyed rows. */
export function rowsProjection<E extends DomainEvent>(options: RowsProjectionOptions<E>): Projection<E> {
  const {
    rows,
    catalogue,
    handles = (type) => catalogue.events.has(type),
    prepare = async () => {},
  } = options;
  return {
    name: options.name,
    version: options.version,
    catalogue,
    handles,
    prepare,
    tables: rows.map(({ table }) => table),
    begin: () => rowsFold(rows),
  };
}

function rowsFold<E extends DomainEvent>(rows: readonly KeyedRows<E>[]): Fold<E> {
  const folds = rows.map((table) => table.begin());
  return {
    add(projected) {
      for (const accept of folds.map((fold) => fold.plan(projected))) accept();
    },
    async load(sql, schema) {
      const read = readerOf(sql, schema);
      for (const fold of folds) await fold.load(read);
    },
    // Rows change: none is finished before the batch is.
    writeAdded: () => {},
    write(writes, schema) {
      const write = writerOf(writes, schema);
      for (const fold of folds) fold.save(write);
    },
  };
}

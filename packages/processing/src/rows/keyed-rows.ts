import type { DomainEvent } from "@taem/schema";
import { UnprojectableEvent } from "../applier.ts";
import type { ProjectedEvent, Table } from "../projection.ts";
import type { RowReader, RowWriter } from "./row-store.ts";
import type { AnyRow, KeyOf, RowOf } from "./row-type.ts";

export interface KeyedRowsOptions<T extends Table, E extends DomainEvent> {
  readonly table: T;
  /** Key of the one row that an event changes; undefined where it changes none. */
  readonly key: (projected: ProjectedEvent<E>) => KeyOf<T> | undefined;
  /** The row after an event, undefined = none. Pure; throws on an event that cannot be projected. */
  readonly apply: (row: RowOf<T> | undefined, projected: ProjectedEvent<E>) => RowOf<T> | undefined;
}

/** A table whose every row is the fold of the events of one key. */
export interface KeyedRows<E extends DomainEvent = DomainEvent> {
  readonly table: Table;
  /** An empty batch. */
  begin(): RowFold<E>;
}

export interface RowFold<E extends DomainEvent = DomainEvent> {
  /** Throws on an event that cannot be projected; what it returns adds the event, which never throws. */
  plan(projected: ProjectedEvent<E>): () => void;
  /** Loads the rows that the batch is about, and folds. Throws `UnprojectableEvent`. */
  load(read: RowReader): Promise<void>;
  /** Saves what `load` has come to. */
  save(write: RowWriter): void;
}

/**
 * The common small read model: rows by key, each the fold of its key's events. The rows are the same whatever the
 * batch size, since a batch begins with what the one before has written.
 */
export function keyedRows<const T extends Table, E extends DomainEvent>(
  options: KeyedRowsOptions<T, E>,
): KeyedRows<E> {
  const { table } = options;
  if (table.appendOnly) throw new TypeError(`rows of ${table.name} change: it is not only appended to`);
  return { table, begin: () => new KeyedFold(options as unknown as ErasedOptions<E>) };
}

/** Options whose table is known by its value alone. */
interface ErasedOptions<E extends DomainEvent> {
  readonly table: Table;
  readonly key: (projected: ProjectedEvent<E>) => AnyRow | undefined;
  readonly apply: (row: AnyRow | undefined, projected: ProjectedEvent<E>) => AnyRow | undefined;
}

/** An event, and the row that it is about. */
interface Change<E extends DomainEvent> {
  readonly id: string;
  readonly key: AnyRow;
  readonly projected: ProjectedEvent<E>;
}

class KeyedFold<E extends DomainEvent> implements RowFold<E> {
  readonly #options: ErasedOptions<E>;
  readonly #changes: Change<E>[] = [];
  #present: readonly AnyRow[] = [];
  #gone: readonly AnyRow[] = [];

  constructor(options: ErasedOptions<E>) {
    this.#options = options;
  }

  plan(projected: ProjectedEvent<E>): () => void {
    const values = this.#options.key(projected);
    if (values === undefined) return () => {};
    const key = { ...values, slice: projected.record.slice };
    const change = { id: this.#idOf(key), key, projected };
    return () => this.#changes.push(change);
  }

  async load(read: RowReader): Promise<void> {
    if (this.#changes.length === 0) return;
    const { table } = this.#options;
    const keys = new Map(this.#changes.map(({ id, key }) => [id, key]));
    const stored = await read(table, [...keys.values()]);
    const rows = new Map<string, AnyRow | undefined>(stored.map((row) => [this.#idOf(row), row]));
    const before = new Set(rows.keys());
    // In the order of the log, though rows are independent: what an event leads to beside its row keeps that order.
    for (const change of this.#changes) rows.set(change.id, this.#apply(rows.get(change.id), change));
    this.#present = [...rows.values()].filter((row) => row !== undefined);
    const gone = [...keys].filter(([id]) => before.has(id) && rows.get(id) === undefined);
    this.#gone = gone.map(([, key]) => key);
  }

  save(write: RowWriter): void {
    write(this.#options.table, this.#present, this.#gone);
  }

  #apply(row: AnyRow | undefined, { key, projected }: Change<E>): AnyRow | undefined {
    const { slice } = projected.record;
    try {
      if (row !== undefined && row["slice"] !== slice) {
        throw new Error(`the row belongs to slice ${String(row["slice"])}, the event to ${slice}`);
      }
      const next = this.#options.apply(row, projected);
      return next === undefined ? undefined : { ...next, ...key };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new UnprojectableEvent(`${this.#options.table.name}: ${message}`);
    }
  }

  #idOf(row: AnyRow): string {
    return this.#options.table.key.map((column) => String(row[column])).join("\u0000");
  }
}

import type { Queryable, Writes } from "@taem/postgres";
import type { Catalogue, DomainEvent, Provenance } from "@taem/schema";
import type { EventRecord } from "./event-source.ts";

/** A table of a read model. Its first column is `slice smallint`: a row belongs to one slice and to no other. */
export interface Table {
  readonly name: string;
  /** SQL definition of each column, by name. */
  readonly columns: Readonly<Record<string, string>>;
  /** Identifies a row: the table's primary key. */
  readonly key: readonly string[];
  /** SQL that makes the table's other indexes, with `{table}` for its name. */
  readonly indexes: readonly string[];
  /** Rows are added and never changed: a rebuild makes the indexes after loading. */
  readonly appendOnly: boolean;
  /** Storage parameters, such as `fillfactor = 90`. */
  readonly storage?: string;
}

/** An event as a projection sees it: decoded, beside its record. */
export interface ProjectedEvent<E extends DomainEvent = DomainEvent> {
  readonly record: EventRecord;
  readonly event: E;
  /** Who asked for it. */
  readonly actor: () => string;
  /** Who asked for it, in which request, and what led to that. */
  readonly provenance: () => Provenance;
}

/**
 * A read model as a function of the log. A row depends on the events of its slice in their order and on immutable
 * definitions, and on nothing else: no clock, no sequence, no random value, no batch boundary.
 */
export interface Projection<E extends DomainEvent = DomainEvent> {
  readonly name: string;
  /** Counts up whenever the rows would come out differently: the tables in use must be of this version. */
  readonly version: number;
  readonly tables: readonly Table[];
  /** The categories that it reads. An event of one of them that is not known stops its slice; of any other, it means nothing here. */
  readonly catalogue: Catalogue;
  /** Whether events of a type mean anything here. */
  handles(type: string): boolean;
  /** Loads the immutable definitions that the events refer to, before they are folded. */
  prepare(events: readonly ProjectedEvent<E>[]): Promise<void>;
  /** An empty batch. */
  begin(): Fold<E>;
  /**
   * Takes over into a rebuilt schema what others than events have done to the live rows, at the same checkpoints. Absent
   * where rows are made by events alone.
   */
  carryOver?(
    transaction: Queryable,
    schemas: { readonly live: string; readonly rebuilt: string },
  ): Promise<void>;
}

/** A batch of events folded in memory into what is to be written. */
export interface Fold<E extends DomainEvent = DomainEvent> {
  /** Throws on an event that cannot be projected, and then leaves the batch as it was. */
  add(projected: ProjectedEvent<E>): void;
  /**
   * Reads what the batch must know of the rows that are there, once all is added and before `write`. No transaction is needed:
   * whoever changes rows of a slice moves its checkpoint, which the batch compares. Throws as `write` would in the database.
   */
  load?(sql: Queryable, schema: string): Promise<void>;
  /** Says and lets go of the new rows of append-only tables so far: a long fold stays small. */
  writeAdded(writes: Writes, schema: string): void;
  /** Says all that the batch came to, set-based, for the tables of a schema. */
  write(writes: Writes, schema: string): void;
}

/** Where the tables that answer queries are. */
export function schemaOf(projection: Pick<Projection, "name">): string {
  return `taem_${projection.name}`;
}

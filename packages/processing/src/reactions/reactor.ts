import type { Catalogue, DomainEvent, EventTypes } from "@taem/schema";
import { type Fold, type ProjectedEvent, type Projection, schemaOf, type Table } from "../projection.ts";
import { type KeyedRows, keyedRows } from "../rows/keyed-rows.ts";
import { type RowReader, type RowWriter, readerOf, writerOf } from "../rows/row-store.ts";
import type { KeyOf, RowOf } from "../rows/row-type.ts";
import type { Reaction } from "./reaction.ts";
import { ReactionBuffer, type ReactionFormat } from "./reaction-buffer.ts";
import { carryOverTimers, timerMarks, timers } from "./timers.ts";

/** What reactors and process managers have in common. */
interface Common<E extends DomainEvent, C extends DomainEvent>
  extends Pick<Projection<E>, "name" | "version">,
    Partial<Pick<Projection<E>, "handles" | "prepare">> {
  /** The categories that it reads. See `Projection`. */
  readonly catalogue: Catalogue<E>;
  /** What it may send, described like events: a command may lie in the outbox while the program is upgraded. */
  readonly commands: EventTypes<C>;
  /** On whose behalf it sends; its name unless told. */
  readonly actor?: string;
  /**
   * The first version that set the timers that this one sets, whatever else has changed since: what was sent of them is not sent
   * again when a rebuild makes them. This version unless told.
   */
  readonly timersSince?: number;
}

export interface ReactorOptions<E extends DomainEvent, C extends DomainEvent> extends Common<E, C> {
  /** What comes of an event. Pure; throws on an event that cannot be projected. */
  readonly react: (projected: ProjectedEvent<E>) => readonly Reaction<NoInfer<C>>[];
  /** Read models that it keeps beside, in the same transaction. */
  readonly rows?: readonly KeyedRows<E>[];
}

/** What a step of a process makes of its state and an event. */
export interface ProcessStep<S, C extends DomainEvent> {
  /** Undefined = the process is over, or has not begun. */
  readonly state: S | undefined;
  readonly reactions: readonly Reaction<C>[];
}

export interface ProcessManagerOptions<T extends Table, E extends DomainEvent, C extends DomainEvent>
  extends Common<E, C> {
  /**
   * Its states, a row for each process. A row belongs to the slice of its events: where a process goes through several
   * slices, each has its part of it, and learns of the others by the events in its own streams.
   */
  readonly table: T;
  /** Which process an event belongs to; undefined = none. */
  readonly correlate: (projected: ProjectedEvent<E>) => KeyOf<T> | undefined;
  /** One step. Pure; throws on an event that cannot be projected. */
  readonly step: (
    state: RowOf<T> | undefined,
    projected: ProjectedEvent<E>,
  ) => ProcessStep<RowOf<T>, NoInfer<C>>;
}

/**
 * A projection whose events lead to commands: its rows, its timers, its checkpoint and its outbox are written in one
 * transaction. The outbox is written by projectors alone, never by a rebuild. A reactor that begins on an old log
 * reacts to all of it; one whose first tables a rebuild makes reacts to what comes after, and has its timers.
 */
export interface Reactor<E extends DomainEvent = DomainEvent, C extends DomainEvent = DomainEvent> {
  /** Its outbox is the queue of this name. */
  readonly name: string;
  readonly projection: Projection<E>;
  readonly commands: EventTypes<C>;
  /** An empty batch, whose rows may lie anywhere. */
  begin(): ReactionFold<E, C>;
}

/** A batch of events folded into what comes of it. */
export interface ReactionFold<E extends DomainEvent, C extends DomainEvent> {
  add(projected: ProjectedEvent<E>): void;
  /** Rows first: what a process does depends on its state. */
  loadRows(read: RowReader): Promise<void>;
  saveRows(write: RowWriter): void;
  /** What comes of the batch, when its rows are loaded. */
  readonly reactions: ReactionBuffer<C>;
}

export function defineReactor<E extends DomainEvent, C extends DomainEvent>(
  options: ReactorOptions<E, C>,
): Reactor<E, C> {
  const { react, rows = [] } = options;
  return reactorOf(
    options,
    rows.map(({ table }) => table),
    (format) => {
      const reactions = new ReactionBuffer(format);
      const folds = rows.map((table) => table.begin());
      return {
        reactions,
        add(projected) {
          const plans = folds.map((fold) => fold.plan(projected));
          for (const accept of [...plans, reactions.plan(projected, react(projected))]) accept();
        },
        async loadRows(read) {
          for (const fold of folds) await fold.load(read);
        },
        saveRows(write) {
          for (const fold of folds) fold.save(write);
        },
      };
    },
  );
}

/** A reactor whose reactions depend on what has happened before in the same process: a fold per correlation key. */
export function defineProcessManager<const T extends Table, E extends DomainEvent, C extends DomainEvent>(
  options: ProcessManagerOptions<T, E, C>,
): Reactor<E, C> {
  const { table, correlate, step } = options;
  return reactorOf(options, [table], (format) => {
    const reactions = new ReactionBuffer(format);
    const states = keyedRows<T, E>({
      table,
      key: correlate,
      apply: (row, projected) => {
        const next = step(row, projected);
        reactions.plan(projected, next.reactions)();
        return next.state;
      },
    }).begin();
    return {
      reactions,
      add: (projected) => states.plan(projected)(),
      loadRows: (read) => states.load(read),
      saveRows: (write) => states.save(write),
    };
  });
}

function reactorOf<E extends DomainEvent, C extends DomainEvent>(
  options: Common<E, C>,
  tables: readonly Table[],
  beginWith: (format: ReactionFormat<C>) => ReactionFold<E, C>,
): Reactor<E, C> {
  const { name, version, catalogue, commands, actor = name, timersSince = version } = options;
  const begin = () => beginWith({ name, commands, actor });
  const live = schemaOf(options);
  const projection: Projection<E> = {
    name,
    version,
    catalogue,
    handles: options.handles ?? ((type) => catalogue.events.has(type)),
    prepare: options.prepare ?? (async () => {}),
    tables: [...tables, timers, timerMarks],
    begin: () => foldOf(begin(), live),
    carryOver: (transaction, schemas) => carryOverTimers(transaction, schemas, timersSince),
  };
  return { name, projection, commands, begin };
}

function foldOf<E extends DomainEvent, C extends DomainEvent>(
  fold: ReactionFold<E, C>,
  live: string,
): Fold<E> {
  return {
    add: (projected) => fold.add(projected),
    load: (sql, schema) => fold.loadRows(readerOf(sql, schema)),
    // Rows change: none is finished before the batch is.
    writeAdded: () => {},
    write(writes, schema) {
      fold.saveRows(writerOf(writes, schema));
      fold.reactions.write(writes, schema, schema !== live);
    },
  };
}

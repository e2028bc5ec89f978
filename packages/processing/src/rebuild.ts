import type { EventStore, LogAudit, Position } from "@taem/event-store";
import type { Database, Queryable, Transaction, Writes } from "@taem/postgres";
import { Applier, isDeterministic } from "./applier.ts";
import { BulkLoader } from "./bulk-loader.ts";
import { type Checkpoints, countProjected, loadCheckpoints } from "./checkpoints.ts";
import {
  type Difference,
  findChanges,
  findDifference,
  type Schemas,
  type TableChanges,
} from "./comparison.ts";
import { eventsOf, type Link, type LinkedEvent, readIn } from "./event-source.ts";
import { auditedLog, StreamOrder } from "./log-integrity.ts";
import { linksBetween } from "./log-range.ts";
import { oneAhead } from "./one-ahead.ts";
import { loadParked, type Parked } from "./parking.ts";
import { type Projection, schemaOf } from "./projection.ts";
import { ProjectionError } from "./projection-error.ts";
import { loadReach, mismatchOf, type Reach } from "./reach.ts";
import { assertVersion, createLateIndexes, createTables, versionOf } from "./schema.ts";
import { takeOver } from "./take-over.ts";

export interface RebuildProgress {
  readonly phase: "load" | "index" | "compare" | "catch_up" | "take_over";
  readonly done: number;
  /** Undefined where nobody knows: a first build. */
  readonly total: number | undefined;
}

export interface RebuildOptions {
  readonly projection: Projection;
  readonly database: Database;
  readonly store: Pick<EventStore, "read" | "readLog" | "head"> & Partial<LogAudit>;
  /** `equal`: takes over only when no row differs. `changes`: asks `confirm` what to do about the rows that do. */
  readonly expect: "equal" | "changes";
  readonly confirm?: (changes: readonly TableChanges[]) => Promise<boolean>;
  /**
   * Where changes are expected: that the live tables have read events which the log has lost is accepted, and noted in the
   * transaction that gives them up. Without it such tables are left as they are.
   */
  readonly acceptLost?: ((transaction: Queryable, lost: LostEvents) => Promise<void>) | undefined;
  readonly onProgress?: (progress: RebuildProgress) => void;
  /** For how long it is tried to take over, in milliseconds: a minute unless told. */
  readonly takeOverMs?: number;
}

/** What a projection had read and the log does not have any more. */
export interface LostEvents {
  readonly projection: string;
  /** How far it had read. */
  readonly read: Reach;
  /** Where the log ended when it was read anew. */
  readonly head: Position;
}

export type RebuildOutcome =
  /** The new tables answer queries. */
  | {
      readonly outcome: "taken_over";
      readonly events: number;
      readonly changes: readonly TableChanges[];
      /** What was given up by it. */
      readonly lost: LostEvents | undefined;
    }
  /** The live tables are as they were. */
  | { readonly outcome: "different"; readonly events: number; readonly difference: Difference }
  | { readonly outcome: "declined"; readonly events: number; readonly changes: readonly TableChanges[] };

const BATCH_SIZE = 2_000;
const IDLE_MS = 60_000;

/**
 * Builds a projection's tables anew from the store beside the live ones, compares them at the same checkpoints and
 * takes their place, while projectors and queries go on. Every event is held against its digest and against the one before it in
 * its stream. Tables that have events which the log has not are compared as they are, and replaced where that is accepted. Throws
 * `rebuild_in_progress`, `unknown_event_type`, `event_log_damaged`, `stream_damaged`, `take_over_blocked`, and, unless lost events are
 * accepted, `checkpoint_beyond_head` or `checkpoint_not_in_log`.
 */
export async function rebuild(options: RebuildOptions): Promise<RebuildOutcome> {
  return await alone(options, () => new Rebuild(options).run());
}

/** What the live tables are, beside those that the log makes. */
export interface RowVerification {
  /** The first row that differs. */
  readonly difference: Difference | undefined;
  readonly parked: readonly Parked[];
}

/**
 * Builds a projection's tables anew as `rebuild` does, compares, and leaves the live ones as they are. Undefined where there are
 * none yet. Throws as `rebuild` does of tables that are expected to be equal, and `projection_outdated`.
 */
export async function verifyRows(
  options: Pick<RebuildOptions, "projection" | "database" | "store" | "onProgress">,
): Promise<RowVerification | undefined> {
  return await alone(options, () => new Rebuild({ ...options, expect: "equal" }).verify());
}

/** One build of a projection at a time. Throws `rebuild_in_progress`. */
async function alone<T>(
  { database, projection }: Pick<RebuildOptions, "database" | "projection">,
  build: () => Promise<T>,
): Promise<T> {
  return await database.transaction(async (guard) => {
    const [row] = await guard.queryArrays<[boolean]>(
      "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 1))",
      [schemaOf(projection)],
    );
    if (row?.[0] !== true) {
      throw new ProjectionError(
        "rebuild_in_progress",
        `${projection.name} is being rebuilt by another process already`,
      );
    }
    return await build();
  });
}

class Rebuild {
  readonly #options: RebuildOptions;
  readonly #schemas: Schemas;
  #events = 0;
  /** The live tables have events that the log has not: they are no measure of how far to build. */
  #lost: LostEvents | undefined;
  readonly #order = new StreamOrder();

  constructor(options: RebuildOptions) {
    this.#options = options;
    const live = schemaOf(options.projection);
    this.#schemas = { live, rebuilt: `${live}_rebuild` };
  }

  async run(): Promise<RebuildOutcome> {
    const { database, store } = this.#options;
    const { live } = this.#schemas;
    const isFirst = (await versionOf(database, live)) === undefined;
    if (!isFirst) await this.#compareWithLog();
    await this.#create();
    const target =
      isFirst || this.#lost !== undefined
        ? await this.#everywhere(this.#lost?.head ?? (await store.head()))
        : await loadCheckpoints(database, live);
    await this.#load(target, isFirst ? undefined : await countProjected(database, live));
    await this.#index();
    const verdict = isFirst ? [] : await this.#compare();
    if (!Array.isArray(verdict)) {
      await this.#drop();
      return verdict;
    }
    await this.#takeOver(isFirst);
    return { outcome: "taken_over", events: this.#events, changes: verdict, lost: this.#lost };
  }

  async verify(): Promise<RowVerification | undefined> {
    const { database, projection } = this.#options;
    const { live } = this.#schemas;
    const version = await versionOf(database, live);
    if (version === undefined) return undefined;
    assertVersion(projection, version);
    await this.#compareWithLog();
    await this.#create();
    await this.#load(await loadCheckpoints(database, live), await countProjected(database, live));
    await this.#index();
    const difference = await this.#firstDifference();
    await this.#drop();
    return { difference, parked: await loadParked(database, live) };
  }

  /** Tables that have what the log has not are given up for what the log has, where that is accepted. */
  async #compareWithLog(): Promise<void> {
    const { projection, database, store, expect, acceptLost } = this.#options;
    const mismatch = await mismatchOf(this.#options);
    if (mismatch === undefined) return;
    if (expect === "equal" || acceptLost === undefined) throw mismatch;
    const read = await loadReach(database, this.#schemas.live);
    this.#lost = { projection: projection.name, read, head: await store.head() };
  }

  async #create(): Promise<void> {
    const { database, projection } = this.#options;
    await this.#drop();
    await database.transaction((transaction) => createTables(transaction, projection, this.#schemas.rebuilt));
  }

  async #drop(): Promise<void> {
    await this.#options.database.query(`DROP SCHEMA IF EXISTS ${this.#schemas.rebuilt} CASCADE`);
  }

  async #everywhere(position: Position): Promise<Checkpoints> {
    const checkpoints = await loadCheckpoints(this.#options.database, this.#schemas.rebuilt);
    for (const slice of checkpoints.keys()) checkpoints.set(slice, position);
    return checkpoints;
  }

  async #load(target: Checkpoints, total: number | undefined): Promise<void> {
    const onBatch = (done: number) => this.#report("load", done, total);
    try {
      await this.#loadInBulk(target, onBatch);
    } catch (error) {
      if (!isDeterministic(error)) throw error;
      // An event that the database refuses: batch by batch it is found and parked, as a projector does.
      await this.#create();
      await this.#applyInBatches(target, onBatch);
    }
  }

  async #loadInBulk(target: Checkpoints, onBatch: (events: number) => void): Promise<void> {
    const { database, projection } = this.#options;
    const { rebuilt } = this.#schemas;
    const loader = new BulkLoader(database, projection, rebuilt, await loadCheckpoints(database, rebuilt));
    await this.#read(loader.checkpoints, target, (links) => loader.add(links), onBatch);
    await loader.finish();
  }

  async #applyInBatches(target: Checkpoints, onBatch: (events: number) => void): Promise<void> {
    const { database } = this.#options;
    this.#events = 0;
    const commit = (writes: Writes) => database.write(writes, { relaxed: true });
    await this.#applyUpTo(target, await this.#applier(database, commit), onBatch);
  }

  async #applier(sql: Queryable, commit: (writes: Writes) => Promise<void>): Promise<Applier> {
    const { rebuilt } = this.#schemas;
    const { projection } = this.#options;
    const [checkpoints, parked] = [await loadCheckpoints(sql, rebuilt), await loadParked(sql, rebuilt)];
    return new Applier({ projection, schema: rebuilt, sql, commit }, checkpoints, parked);
  }

  #applyUpTo(
    target: ReadonlyMap<number, Position>,
    applier: Applier,
    onBatch: (events: number) => void = () => {},
  ): Promise<void> {
    return this.#read(applier.checkpoints, target, (links) => applier.apply(links), onBatch);
  }

  async #read(
    from: ReadonlyMap<number, Position>,
    target: ReadonlyMap<number, Position>,
    apply: (links: readonly Link[]) => Promise<void>,
    onBatch: (events: number) => void,
  ): Promise<void> {
    const reading = new AbortController();
    const batches = linksBetween(auditedLog(this.#options.store), from, target, BATCH_SIZE, reading.signal);
    for await (const links of oneAhead(
      batches,
      IDLE_MS,
      () => true,
      () => reading.abort(),
    )) {
      if (links === undefined) continue;
      const known = links.map((link) => knownLink(this.#options.projection, link));
      for (const { record } of eventsOf(known)) this.#order.check(record);
      await apply(known);
      this.#events += countEvents(links);
      onBatch(this.#events);
    }
  }

  async #index(): Promise<void> {
    const { database, projection } = this.#options;
    const { rebuilt } = this.#schemas;
    this.#report("index", 0, 1);
    await database.transaction((sql) => createLateIndexes(sql, projection, rebuilt));
    for (const { name } of projection.tables) await database.query(`ANALYZE ${rebuilt}.${name}`);
    this.#report("index", 1, 1);
  }

  /** What would change, or the reason not to take over. */
  async #compare(): Promise<TableChanges[] | RebuildOutcome> {
    const { projection, expect, confirm } = this.#options;
    const events = this.#events;
    if (expect === "equal") {
      const difference = await this.#firstDifference();
      return difference === undefined ? [] : { outcome: "different", events, difference };
    }
    const changes = await this.#atOneInstant((sql) => findChanges(sql, projection, this.#schemas));
    const isWanted = changes.length === 0 || (await confirm?.(changes)) === true;
    return isWanted ? changes : { outcome: "declined", events, changes };
  }

  #firstDifference(): Promise<Difference | undefined> {
    const onTable = (done: number, total: number) => this.#report("compare", done, total);
    return this.#atOneInstant((sql) => findDifference(sql, this.#options.projection, this.#schemas, onTable));
  }

  /** Sees the live tables at one instant, and the new ones brought up to it. */
  #atOneInstant<T>(look: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#options.database.transaction(
      async (transaction) => {
        if (this.#lost === undefined) await this.#catchUp(transaction);
        return await look(transaction);
      },
      { snapshot: true },
    );
  }

  async #catchUp(transaction: Transaction): Promise<void> {
    const target = await loadCheckpoints(transaction, this.#schemas.live);
    const applier = await this.#applier(transaction, (writes) => inSavepoint(transaction, writes));
    await this.#applyUpTo(target, applier);
    await this.#options.projection.carryOver?.(transaction, this.#schemas);
  }

  async #takeOver(isFirst: boolean): Promise<void> {
    const { database, projection, takeOverMs, acceptLost } = this.#options;
    const lost = this.#lost;
    await takeOver({
      database,
      projection,
      schemas: this.#schemas,
      limitMs: takeOverMs,
      // Tables that have what the log has not are no measure, and where there are none there is nobody to catch up with.
      ...(!isFirst && lost === undefined && { catchUp: (transaction) => this.#approach(transaction) }),
      ...(lost !== undefined && { onTaken: async (transaction) => acceptLost?.(transaction, lost) }),
      isFirst,
      drop: () => this.#drop(),
      onProgress: (phase, done, total) => this.#report(phase, done, total),
    });
  }

  /** Catches up with the live tables; in a transaction, where one is given. */
  async #approach(transaction: Transaction | undefined): Promise<void> {
    if (transaction !== undefined) return await this.#catchUp(transaction);
    const { database } = this.#options;
    const applier = await this.#applier(database, (writes) => database.write(writes, { relaxed: true }));
    await this.#applyUpTo(await loadCheckpoints(database, this.#schemas.live), applier);
  }

  #report(phase: RebuildProgress["phase"], done: number, total: number | undefined): void {
    this.#options.onProgress?.({ phase, done, total });
  }
}

/** Throws `unknown_event_type`. */
function knownLink({ catalogue }: Projection, link: Link): Link {
  const read = readIn(catalogue, link);
  if (read !== "unknown") return read;
  const { type, position } = (link.event as LinkedEvent).record;
  throw new ProjectionError(
    "unknown_event_type",
    `this version does not know ${type} as it is at ${position}: upgrade it, then rebuild`,
  );
}

function countEvents(links: readonly Link[]): number {
  return links.reduce((count, { event }) => (event === undefined ? count : count + 1), 0);
}

async function inSavepoint(transaction: Transaction, writes: Writes): Promise<void> {
  await transaction.query("SAVEPOINT batch");
  try {
    await transaction.write(writes);
    await transaction.query("RELEASE SAVEPOINT batch");
  } catch (error) {
    await transaction.query("ROLLBACK TO SAVEPOINT batch");
    throw error;
  }
}

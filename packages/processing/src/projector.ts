import { type EventStore, type Position, START } from "@taem/event-store";
import { type Database, isLockTimeout } from "@taem/postgres";
import { type Clock, type Logger, type Metrics, retryPause, type Tracer } from "@taem/runtime";
import { Applier } from "./applier.ts";
import { CheckpointConflict, type Checkpoints, endSilentWriters, loadCheckpoints } from "./checkpoints.ts";
import { type EventSource, eventsOf, type Link, type Outage } from "./event-source.ts";
import { EventTelemetry } from "./event-telemetry.ts";
import { headReaching } from "./head-reaching.ts";
import { LagWatch } from "./lag-watch.ts";
import { applyInLanes } from "./lanes.ts";
import { Linger } from "./linger.ts";
import { linksBetween } from "./log-range.ts";
import { oneAhead } from "./one-ahead.ts";
import { ParkLimit, SliceStopped } from "./park-limit.ts";
import { loadParked } from "./parking.ts";
import { complain } from "./passing.ts";
import { type Plan, planOf } from "./plan.ts";
import type { Place } from "./position-waiters.ts";
import { type Projection, schemaOf } from "./projection.ts";
import { ProjectionError } from "./projection-error.ts";
import { type ProjectorMetrics, projectorMetrics } from "./projector-metrics.ts";
import { type Progress, ProgressBoard, type ProjectorView } from "./projector-view.ts";
import { assertOfThisLog } from "./reach.ts";
import { assertVersion, ensureSchema, versionOf } from "./schema.ts";
import { StoppedSlices } from "./stopped-slices.ts";
import { highest } from "./store-log-source.ts";

export interface ProjectorOptions {
  readonly projection: Projection;
  readonly database: Database;
  readonly store: Pick<EventStore, "read" | "readLog" | "head">;
  readonly source: EventSource;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly tracer?: Tracer | undefined;
  /** Events in a batch at most. */
  readonly batchSize?: number;
  /** Whether this process takes commands too: then it leaves them most of its time, and lags the more. True unless told. */
  readonly besideWriters?: boolean;
  /** Told where it is now, whenever that has changed. What it is handed goes on changing. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface ProjectorStatus extends Progress {
  readonly running: boolean;
  readonly paused: boolean;
}

const BATCH_SIZE = 2_000;
/** From here on two transactions at a time are worth their cost. */
const LARGE_BATCH = 500;
const IDLE_MS = 2_000;

/**
 * Keeps a projection's tables up with the log: reads a batch, folds it, writes rows and checkpoints in one
 * transaction, and again. Any number of projectors may run on the same slices: the checkpoints let one win.
 */
export class Projector implements ProjectorView {
  readonly #options: ProjectorOptions;
  readonly #schema: string;
  readonly #applier: Applier;
  readonly #board: ProgressBoard;
  readonly #metrics: ProjectorMetrics;
  readonly #logger: Logger;
  readonly #telemetry: EventTelemetry;
  readonly #stopping = new AbortController();
  readonly #stopped: StoppedSlices;
  readonly #lag: LagWatch;
  readonly #linger: Linger;
  #refusal: Progress["refusal"];
  /** Reading has failed, and that by itself: a source that waits says so itself. */
  #outage: Outage | undefined;
  #stale = true;
  #resumed: PromiseWithResolvers<void> | undefined;
  #idle: Promise<void> = Promise.resolve();
  #finished: Promise<void> | undefined;

  constructor(options: ProjectorOptions) {
    const { projection, database, metrics, logger, clock, tracer } = options;
    this.#options = options;
    this.#linger = new Linger(options.besideWriters ?? true);
    this.#schema = schemaOf(projection);
    this.#logger = logger.child({ projection: projection.name });
    const { name } = projection;
    const stage = {
      name: `project ${name}`,
      kind: "internal",
      attributes: { "taem.projection": name },
    } as const;
    this.#telemetry = new EventTelemetry(stage, { logger: this.#logger, tracer });
    this.#metrics = projectorMetrics(metrics, projection.name);
    this.#stopped = new StoppedSlices(this.#metrics, this.#logger);
    this.#lag = new LagWatch({ ...options, schema: this.#schema, onLag: (ms) => this.#metrics.behind(ms) });
    const limit = new ParkLimit(() => clock.now());
    this.#applier = new Applier(
      {
        projection,
        schema: this.#schema,
        sql: database,
        // A lost commit is replayed from the store: the rows and the checkpoint are lost together.
        commit: (writes) => database.write(writes, { relaxed: true, brief: true }),
        mayPark: (parked) => limit.check(parked),
        onParked: (parked) => {
          this.#metrics.parked();
          this.#metrics.parkedStreams(this.#applier.parked.size);
          this.#logger.error({ ...parked }, "stream parked: its events from here on are not projected");
        },
      },
      new Map(),
      [],
    );
    this.#board = new ProgressBoard({ projection, database, hurry: () => this.hurry() });
  }

  /**
   * Creates the tables where they are missing and begins. Throws `projection_outdated`, and `checkpoint_beyond_head` or
   * `checkpoint_not_in_log` where the tables have events that the log has not.
   */
  async start(): Promise<void> {
    await ensureSchema(this.#options.database, this.#options.projection);
    await this.#reload();
    await assertOfThisLog(this.#options);
    this.#finished = this.#run();
    this.#lag.start();
  }

  /** Ends after the batch that is being applied. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.resume();
    this.#linger.hurry();
    await this.#finished;
    await this.#lag.stop();
    this.#board.close();
  }

  /** Resolves when nothing is being written any more. */
  async pause(): Promise<void> {
    this.#resumed ??= Promise.withResolvers();
    await this.#idle;
  }

  resume(): void {
    this.#resumed?.resolve();
    this.#resumed = undefined;
  }

  /** Somebody waits for the next batch. */
  hurry(): void {
    this.#linger.hurry();
  }

  hasReached(place: Place): boolean {
    return this.#board.hasReached(place);
  }

  waitFor(place: Place, timeoutMs: number): Promise<boolean> {
    return this.#board.waitFor(place, timeoutMs);
  }

  waitInTables(place: Place, timeoutMs: number): Promise<boolean> {
    return this.#board.waitInTables(place, timeoutMs);
  }

  assertOfThisLog(): void {
    this.#board.assertOfThisLog();
  }

  assertReading(): void {
    this.#board.assertReading();
  }

  status(): ProjectorStatus {
    const running = this.#finished !== undefined && !this.#stopping.signal.aborted;
    return { ...this.#board.status(), running, paused: this.#resumed !== undefined };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        // Whatever ended the reading may have put another log there.
        if (failures > 0) await assertOfThisLog(this.#options);
        this.#refuse(undefined);
        await this.#follow(() => {
          failures = 0;
        });
      } catch (error) {
        if (signal.aborted) return;
        this.#outage ??= { since: performance.now(), reason: (error as Error).message };
        this.#refuse(error instanceof ProjectionError ? error : undefined);
        complain(this.#logger, error, "reading events failed; trying again");
        await retryPause(failures, this.#stopping.signal);
      }
    }
  }

  async #follow(onBatch: () => void): Promise<void> {
    const { source, batchSize: limit = BATCH_SIZE } = this.#options;
    const reading = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, reading.signal]);
    const batches = source.read({ checkpoints: new Map(this.#applier.checkpoints), limit, signal });
    for await (const batch of oneAhead(
      batches,
      IDLE_MS,
      ({ hasMore }) => hasMore,
      () => reading.abort(),
    )) {
      this.#outage = undefined;
      await this.#resumed?.promise;
      if (signal.aborted) return;
      const began = performance.now();
      this.#idle = batch === undefined ? this.#confirm() : this.#take(batch.links);
      await this.#idle;
      // Who is told to stop may have left the batch as it was.
      if (signal.aborted) return;
      batch?.done?.();
      onBatch();
      if (batch?.hasMore === false) await this.#linger.rest(began, !this.#concerns(batch.links));
    }
  }

  /** Whether any of it means more to the projection than that its checkpoints move. */
  #concerns(links: readonly Link[]): boolean {
    const { projection } = this.#options;
    return links.some(({ event }) => event !== undefined && projection.handles(event.record.type));
  }

  /** Applies a batch, however often it takes: what cannot succeed is parked or stops its slice. */
  async #take(links: readonly Link[]): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted; ) {
      try {
        if (this.#stale) await this.#reload();
        await this.#applyAll(links);
        return;
      } catch (error) {
        if (error instanceof SliceStopped) this.#stop(error.slice, error.message);
        else await this.#recover(error, failures++);
      }
    }
  }

  async #applyAll(links: readonly Link[]): Promise<void> {
    let end: Position | undefined;
    for (let looked = false; ; looked = true) {
      const { gaps, next, beyond } = this.#plan(links, end);
      if (gaps.size === 0) {
        await this.#apply(next);
        for (const [slice, told] of beyond) this.#stopped.wait(slice, told, end ?? START);
        if (beyond.size > 0) this.#tell();
        return;
      }
      if (this.#stopping.signal.aborted) return;
      // Slices that another projector had until now are further than this one believes.
      if (looked) end = await this.#fill(gaps);
      else await this.#reload();
    }
  }

  /** What to do with a batch; `end` is where the log ends, once that is known. */
  #plan(links: readonly Link[], end?: Position): Plan {
    const { checkpoints } = this.#applier;
    const { catalogue } = this.#options.projection;
    const plan = planOf(links, {
      checkpoints,
      catalogue,
      end,
      isStopped: (slice) => this.#stopped.isStopped(slice),
    });
    for (const { slice, type, position } of plan.unknown)
      this.#stop(slice, `this version does not know ${type} as it is at ${position}; upgrade it`);
    return plan;
  }

  /** Returns where the log ends. */
  async #fill(gaps: ReadonlyMap<number, Position>): Promise<Position> {
    const head = await headReaching(this.#options.store, highest(gaps));
    const held = new Map([...gaps].filter(([, upTo]) => upTo <= head));
    if (held.size === 0) return head;
    this.#metrics.gaps(held.size);
    const missing = { slices: [...held.keys()], upTo: highest(held) };
    this.#logger.info(missing, "reading what is missing from the store");
    await this.#catchUp(held);
    return head;
  }

  async #catchUp(targets: ReadonlyMap<number, Position>): Promise<void> {
    const { store, batchSize: limit = BATCH_SIZE } = this.#options;
    const { signal } = this.#stopping;
    const from = new Map(this.#applier.checkpoints);
    for await (const links of linksBetween(store, from, targets, limit, signal)) {
      await this.#apply(this.#plan(links).next);
    }
  }

  async #apply(links: readonly Link[]): Promise<void> {
    if (links.length === 0) return;
    const began = performance.now();
    const lanes = links.length < LARGE_BATCH ? 1 : 2;
    const { projection } = this.#options;
    await this.#telemetry.follow(
      () => [...eventsOf(links)].filter(({ record }) => projection.handles(record.type)),
      () => applyInLanes(this.#applier, links, lanes),
      {
        attributes: { "taem.links": links.length },
        message: ({ record }) =>
          this.#applier.parked.has(record.stream) ? "not projected, since its stream is parked" : "projected",
      },
    );
    this.#stopped.wentOn(links.map(({ slice }) => slice));
    this.#tell();
    const oldest = links.find(({ event }) => event !== undefined)?.event;
    if (oldest === undefined) return;
    const events = links.reduce((count, { event }) => (event === undefined ? count : count + 1), 0);
    const lagMs = Math.max(0, this.#options.clock.now() - oldest.record.recordedAt);
    this.#metrics.applied(events, lagMs, performance.now() - began);
  }

  /** Nothing came for a while: looks whether what was committed has survived, since nobody waited for the disk. */
  async #confirm(): Promise<void> {
    const believed: Checkpoints = new Map(this.#applier.checkpoints);
    try {
      await this.#reload();
      const lost = [...believed].filter(([slice, position]) => {
        const behind = (this.#applier.checkpoints.get(slice) ?? "") < position;
        return behind && !this.#stopped.isStopped(slice);
      });
      if (lost.length > 0) await this.#catchUp(new Map(lost));
    } catch (error) {
      if (error instanceof SliceStopped) this.#stop(error.slice, error.message);
      else await this.#recover(error, 0);
      this.#applier.checkpoints = believed;
      this.#tell();
    }
  }

  async #reload(): Promise<void> {
    const { database, projection } = this.#options;
    assertVersion(projection, await versionOf(database, this.#schema));
    this.#applier.checkpoints = await loadCheckpoints(database, this.#schema);
    this.#applier.parked.clear();
    for (const stream of await loadParked(database, this.#schema))
      this.#applier.parked.set(stream.key, stream);
    this.#metrics.parkedStreams(this.#applier.parked.size);
    this.#stale = false;
    this.#tell();
  }

  #refuse(error: ProjectionError | undefined): void {
    this.#refusal = error && { code: error.code, message: error.message };
    this.#tell();
  }

  #tell(): void {
    const { checkpoints, parked } = this.#applier;
    const since = this.#options.source.outage?.() ?? this.#outage;
    const outage = since && { forMs: performance.now() - since.since, reason: since.reason };
    this.#metrics.outage(outage?.forMs ?? 0);
    const { reasons: stopped } = this.#stopped;
    const progress = { checkpoints, stopped, parked: parked.size, outage, refusal: this.#refusal };
    this.#board.update(progress);
    this.#options.onProgress?.(progress);
  }

  #stop(slice: number, reason: string): void {
    this.#stopped.stop(slice, reason);
    this.#tell();
  }

  /** Whatever was in flight may have happened: the checkpoints say. */
  async #recover(error: unknown, failures: number): Promise<void> {
    this.#stale = true;
    if (error instanceof CheckpointConflict) {
      this.#logger.info({}, "someone else has written; going on from there");
      return;
    }
    complain(this.#logger, error, "a batch was not applied; trying again");
    if (isLockTimeout(error)) await this.#endSilentWriters();
    await retryPause(failures, this.#stopping.signal);
  }

  async #endSilentWriters(): Promise<void> {
    try {
      const ended = await endSilentWriters(this.#options.database, this.#schema);
      if (ended > 0) this.#logger.warn({ ended }, "ended transactions of a process that has fallen silent");
    } catch (error) {
      complain(this.#logger, error, "whoever holds the checkpoints could not be looked at");
    }
  }
}

import {
  type EventStore,
  type ForeignEvent,
  type LogAudit,
  type LogDamage,
  type Position,
  type RecordedEvent,
  type StreamAudit,
  StreamDamaged,
  type StreamFault,
} from "@taem/event-store";
import { SLICES } from "@taem/kernel";
import type { Database, Queryable } from "@taem/postgres";
import { loadCheckpoints, loadParked, type Parked, StreamOrder } from "@taem/processing";
import { passesOver, scan, scanSlices } from "../log-scan.ts";
import { type Addition, additionOf } from "../read-model/addition.ts";
import type { ActivityRow } from "../read-model/client-activity.ts";
import type { ControlTotal } from "../read-model/control-total.ts";
import { SCHEMA } from "../read-model/schema.ts";
import type { Row } from "../read-model/tables.ts";
import { ZoneHistory } from "../read-model/zone-history.ts";
import { adjustmentRows, balanceRow, holdRows, lotRows } from "./account-rows.ts";
import { type Discrepancy, Discrepant } from "./discrepancy.ts";
import { ownReading } from "./own-reading.ts";
import { Additions, accountEventOf, Replay } from "./replay.ts";
import {
  adjustments,
  balances,
  type ComparedTable,
  clientActivity,
  compareRows,
  controlTotals,
  holds,
  inOrder,
  lots,
  postings,
  statementLines,
} from "./row-comparison.ts";
import { newSalt, RowSums, readSums } from "./row-sums.ts";
import { Schedule } from "./schedule.ts";

export interface VerifyProgress {
  readonly phase: "replay" | "compare";
  /** Events replayed, or slices compared. */
  readonly done: number;
  readonly total: number;
}

export interface VerifyOptions {
  readonly database: Database;
  readonly store: Pick<EventStore, "readLog" | "read" | "head"> & Partial<LogAudit & StreamAudit>;
  readonly onProgress?: (progress: VerifyProgress) => void;
  /** About how many events' worth of accounts to keep in memory: more of them take more passes over the log. */
  readonly eventsInMemory?: number;
}

/** What was found to agree. */
export interface Verified {
  readonly events: number;
  readonly accounts: number;
  /** The cut that was verified. */
  readonly position: Position;
  /** What was passed over. */
  readonly foreign: readonly ForeignEvent[];
}

export type Verification =
  | ({ readonly ok: true } & Verified)
  | { readonly ok: false; readonly discrepancy: Discrepancy }
  /**
   * All agrees but for these streams: from an event on each, what the parked ones say is not in the read model; of those that are
   * damaged nothing is decided any more.
   */
  | ({
      readonly ok: false;
      readonly discrepancy?: undefined;
      readonly parked: readonly Parked[];
      readonly damaged: readonly StreamFault[];
    } & Verified);

/**
 * Recomputes the ledger from its events and holds everything against it: digests, stated balances, and every column of
 * every row of the read model. Reads only, beside a running system; memory is bounded by taking some slices at a time.
 */
export async function verifyLedger(options: VerifyOptions): Promise<Verification> {
  try {
    return await options.database.transaction((sql) => new Verifier(options, sql).run(), { snapshot: true });
  } catch (error) {
    if (error instanceof Discrepant) return { ok: false, discrepancy: error.discrepancy };
    if (error instanceof StreamDamaged) return { ok: false, discrepancy: lostFrom(error) };
    throw error;
  }
}

type StoredSums = ReadonlyMap<string, RowSums>;

class Verifier {
  readonly #options: VerifyOptions;
  /** Sees the read model at one instant. */
  readonly #sql: Queryable;
  readonly #zones: ZoneHistory;
  readonly #salt = newSalt();
  readonly #additions = new Additions(this.#salt);
  #checkpoints: ReadonlyMap<number, Position> = new Map();
  /** By stream. */
  #parked: ReadonlyMap<string, Parked> = new Map();
  /** By position. */
  readonly #foreign = new Map<Position, ForeignEvent>();
  #events = 0;
  #replayed = 0;

  constructor(options: VerifyOptions, sql: Queryable) {
    this.#options = options;
    this.#sql = sql;
    this.#zones = new ZoneHistory(options.store);
  }

  async run(): Promise<Verification> {
    this.#checkpoints = await loadCheckpoints(this.#sql, SCHEMA);
    const [row] = await this.#sql.queryArrays<[string]>(
      `SELECT sum(events)::text FROM ${SCHEMA}.checkpoints`,
    );
    this.#events = Number(row?.[0] ?? 0);
    const hidden = (await this.#options.store.findHidden?.()) ?? [];
    const parked = await loadParked(this.#sql, SCHEMA);
    this.#parked = new Map(parked.map((stream) => [stream.key, stream]));
    // The database adds up its rows while the first events are replayed.
    const stored = readSums(this.#sql, this.#salt);
    // A failure is seen when it is waited for.
    stored.catch(() => undefined);
    try {
      const accounts = await this.#checkAccounts(stored);
      await this.#checkAdditions(await stored);
      const [position = ""] = [...this.#checkpoints.values()].sort();
      const foreign = [...this.#foreign.values()];
      const damaged = await this.#ofOurs([...hidden, ...foreign]);
      const verified = { events: this.#replayed, accounts, position, foreign };
      const isSound = parked.length === 0 && damaged.length === 0;
      return isSound ? { ok: true, ...verified } : { ok: false, parked, damaged, ...verified };
    } finally {
      await stored.catch(() => undefined);
    }
  }

  /** Their number. */
  async #checkAccounts(stored: Promise<StoredSums>): Promise<number> {
    let count = 0;
    let compared = 0;
    const schedule = await Schedule.load(this.#sql);
    const passes = passesOver(this.#events, this.#options.eventsInMemory);
    for (const [pass, slices] of passes.entries()) {
      const { accounts } = await this.#replay(slices, pass === 0);
      const sums = await stored;
      await this.#checkRows(balances, sums, slices, accounts, (account) => [balanceRow(account)]);
      await this.#checkRows(lots, sums, slices, accounts, lotRows);
      await this.#checkRows(holds, sums, slices, accounts, holdRows);
      await this.#checkRows(adjustments, sums, slices, accounts, adjustmentRows);
      await schedule.check(accounts, this.#zones, this.#options.store);
      count += accounts.length;
      compared += slices.length;
      this.#options.onProgress?.({ phase: "compare", done: compared, total: SLICES });
    }
    return count;
  }

  async #checkAdditions(stored: StoredSums): Promise<void> {
    const { totals, activity, postings: posted, lines } = this.#additions;
    const slices = Array.from({ length: SLICES }, (_, slice) => slice);
    await this.#checkRows(controlTotals, stored, slices, [...totals.all()], (total) => [totalRow(total)]);
    await this.#checkRows(clientActivity, stored, slices, [...activity.all()], (row) => [activityRow(row)]);
    await this.#checkTable(statementLines, stored, slices, lines, (differing) =>
      this.#added(
        differing,
        this.#ofAddition(({ lineRow }) => [lineRow]),
      ),
    );
    await this.#checkTable(postings, stored, slices, posted, (differing) =>
      this.#added(
        differing,
        this.#ofAddition(({ postingRows }) => postingRows),
      ),
    );
  }

  #ofAddition(rowsOf: (addition: Addition) => readonly Row[]): (record: RecordedEvent) => readonly Row[] {
    return (record) => {
      const event = accountEventOf(record);
      if (event === undefined) return [];
      const reading = ownReading(event, (at) => this.#zones.zoneAt(event.programme, at, record.position));
      return rowsOf(additionOf(record, event, reading));
    };
  }

  /** Holds the table's rows of some slices against those that `rowsOf` makes of items of the same slices. */
  async #checkRows<T extends { readonly slice: number }>(
    table: ComparedTable,
    stored: StoredSums,
    slices: readonly number[],
    items: readonly T[],
    rowsOf: (item: T) => Iterable<Row>,
  ): Promise<void> {
    const expected = new RowSums(this.#salt);
    for (const item of items) for (const row of rowsOf(item)) expected.add(row);
    await this.#checkTable(table, stored, slices, expected, (differing) => {
      const concerned = items.filter(({ slice }) => differing.includes(slice));
      return inOrder(
        table,
        concerned.flatMap((item) => [...rowsOf(item)]),
      );
    });
  }

  /** The sums say where to look, the rows what is wrong: those that only seem to differ, by an UNTOLD value, agree. */
  async #checkTable(
    table: ComparedTable,
    stored: StoredSums,
    slices: readonly number[],
    expected: RowSums,
    rows: (slices: readonly number[]) => Iterable<Row> | AsyncIterable<Row>,
  ): Promise<void> {
    const found = stored.get(table.name) as RowSums;
    // A row may say that it belongs to a slice that there is not.
    const strange = [...found.slices()].filter((slice) => slice < 0 || slice >= SLICES);
    const differing = [...slices, ...strange].filter((slice) => !found.agrees(expected, slice));
    if (differing.length > 0) await compareRows(this.#sql, table, differing, rows(differing));
  }

  /** The rows that events add, from the log once more: they are too many to keep. */
  async *#added(
    slices: readonly number[],
    rowsOf: (record: RecordedEvent) => readonly Row[],
  ): AsyncGenerator<Row> {
    for await (const page of scanSlices(this.#options.store, slices, highest(this.#checkpoints))) {
      for (const record of this.#counted(page, slices)) yield* rowsOf(record);
    }
  }

  async #replay(slices: readonly number[], isFirst: boolean): Promise<Replay> {
    const replay = new Replay(this.#zones, this.#additions);
    const { store } = this.#options;
    const pages =
      isFirst && store.verifyPage !== undefined
        ? await this.#auditedLog()
        : scanSlices(store, slices, highest(this.#checkpoints));
    const order = new StreamOrder();
    for await (const page of pages) {
      for (const record of page) if (slices.includes(record.slice)) order.check(record);
      const counted = this.#counted(page, slices);
      await replay.add(counted);
      this.#replayed += counted.length;
      // The log has events of others, too, which the checkpoints do not count.
      const done = Math.min(this.#replayed, this.#events);
      this.#options.onProgress?.({ phase: "replay", done, total: this.#events });
    }
    return replay;
  }

  /** Those of the slices that the read model has. */
  #counted(page: readonly RecordedEvent[], slices: readonly number[]): RecordedEvent[] {
    return page.filter(
      ({ stream, revision, slice, position }) =>
        slices.includes(slice) &&
        position <= (this.#checkpoints.get(slice) ?? "") &&
        revision < (this.#parked.get(stream)?.revision ?? Number.POSITIVE_INFINITY),
    );
  }

  /** What is wrong with streams that have events of ours: of these nothing is decided any more. */
  async #ofOurs(faults: readonly StreamFault[]): Promise<readonly StreamFault[]> {
    if (faults.length === 0) return [];
    const ours = new Set<string>();
    const streams = new Set(faults.map(({ stream }) => stream));
    const { store } = this.#options;
    for await (const page of scan((after, limit) => store.readLog(after, limit), await store.head()))
      for (const { stream } of page) if (streams.has(stream)) ours.add(stream);
    return faults.filter(({ stream }) => ours.has(stream));
  }

  /** The whole log, every event held against its digest. */
  async #auditedLog(): Promise<AsyncGenerator<readonly RecordedEvent[]>> {
    const { verifyPage } = this.#options.store as LogAudit;
    const head = await this.#options.store.head();
    return scan(async (after, limit) => {
      const { events, next, damage, foreign = [] } = await verifyPage(after, limit);
      for (const one of foreign) this.#foreign.set(one.position, one);
      if (damage === undefined) return { events, next };
      throw new Discrepant(damaged(damage));
    }, head);
  }
}

function damaged(damage: LogDamage): Discrepancy {
  const where = `position ${damage.position} of the log`;
  const expected = "the event that was written there";
  if (damage.kind === "missing") return { check: "event_missing", where, expected, actual: "none" };
  const actual = "another one: its digest does not match";
  return { check: "event_altered", where: `${where}, ${nameOf(damage.event)}`, expected, actual };
}

function lostFrom({ stream, message }: StreamDamaged): Discrepancy {
  return {
    check: "event_missing",
    where: stream,
    expected: "every event from the first on",
    actual: message,
  };
}

const OF_A_MEMBER = /^taem\.(?:account|member)-([0-9a-f-]{36})/;

/** Whose event it is, by its stream: what it says itself is not to be believed. */
function nameOf({ stream, revision, type }: RecordedEvent): string {
  const [, member] = OF_A_MEMBER.exec(stream) ?? [];
  return `${type}, event ${revision} of ${stream}${member === undefined ? "" : `, member ${member}`}`;
}

function highest(checkpoints: ReadonlyMap<number, Position>): Position {
  return [...checkpoints.values()].sort().at(-1) ?? "";
}

function activityRow(row: ActivityRow): Row {
  const { slice, programme, date, currency, principal, system, commands, earned, adjusted } = row;
  return [slice, programme, date, currency, principal, system, commands, earned, adjusted];
}

function totalRow({ slice, programme, currency, date, debit, credit, amount, postings }: ControlTotal): Row {
  return [slice, programme, date, postings, currency, debit, credit, amount];
}

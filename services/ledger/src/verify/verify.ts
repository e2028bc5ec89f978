import { SLICES } from "@taem/contracts";
import type { EventStore, Position, RecordedEvent } from "@taem/event-store";
import type { Database, Queryable } from "@taem/postgres";
import { loadCheckpoints, loadParked } from "@taem/projection";
import { passesOver, scan, scanSlices } from "../log-scan.ts";
import { ControlTotals } from "../read-model/control-total.ts";
import { ZoneHistory } from "../read-model/zone-history.ts";
import { type Discrepancy, Discrepant } from "./discrepancy.ts";
import { Replay } from "./replay.ts";
import { checkSums } from "./sum-checks.ts";
import { checkTables } from "./table-checks.ts";

/** What a store that keeps digests of its events offers besides. */
export interface LogAudit {
  /** A page of the log up to the first event that is missing or not as its writer made it. */
  verifyPage(
    after: Position,
    limit: number,
  ): Promise<{
    readonly events: readonly RecordedEvent[];
    readonly next: Position;
    readonly damage: { readonly kind: "missing" | "altered"; readonly position: Position } | undefined;
  }>;
}

export interface VerifyProgress {
  readonly phase: "replay" | "compare";
  /** Events replayed, or slices compared. */
  readonly done: number;
  readonly total: number;
}

export interface VerifyOptions {
  readonly database: Database;
  readonly store: Pick<EventStore, "readLog" | "read" | "head"> & Partial<LogAudit>;
  readonly onProgress?: (progress: VerifyProgress) => void;
  /** About how many events' worth of accounts to keep in memory: more of them take more passes over the log. */
  readonly eventsInMemory?: number;
}

export type Verification =
  | {
      readonly ok: true;
      readonly events: number;
      readonly accounts: number;
      /** The cut that was verified. */
      readonly position: Position;
    }
  | { readonly ok: false; readonly discrepancy: Discrepancy };

/**
 * Recomputes the ledger from its events and holds everything against it: digests, stated balances, the read model,
 * its lots, statements and totals. Reads only, beside a running system; memory is bounded by taking some slices at a
 * time.
 */
export async function verifyLedger(options: VerifyOptions): Promise<Verification> {
  try {
    return await options.database.transaction((sql) => new Verifier(options, sql).run(), { snapshot: true });
  } catch (error) {
    if (error instanceof Discrepant) return { ok: false, discrepancy: error.discrepancy };
    throw error;
  }
}

class Verifier {
  readonly #options: VerifyOptions;
  /** Sees the read model at one instant. */
  readonly #sql: Queryable;
  readonly #zones: ZoneHistory;
  readonly #totals = new ControlTotals();
  #checkpoints: ReadonlyMap<number, Position> = new Map();
  #events = 0;
  #replayed = 0;

  constructor(options: VerifyOptions, sql: Queryable) {
    this.#options = options;
    this.#sql = sql;
    this.#zones = new ZoneHistory(options.store);
  }

  async run(): Promise<Verification> {
    this.#checkpoints = await loadCheckpoints(this.#sql, "taem_ledger");
    const [row] = await this.#sql.queryArrays<[string]>(
      "SELECT sum(events)::text FROM taem_ledger.checkpoints",
    );
    this.#events = Number(row?.[0] ?? 0);
    await this.#checkParked();
    let accounts = 0;
    let compared = 0;
    const passes = passesOver(this.#events, this.#options.eventsInMemory);
    for (const [pass, slices] of passes.entries()) {
      const replay = await this.#replay(slices, pass === 0);
      await checkTables(this.#sql, replay, slices);
      accounts += replay.accounts.size;
      compared += slices.length;
      this.#options.onProgress?.({ phase: "compare", done: compared, total: SLICES });
    }
    await checkSums(this.#sql, this.#totals);
    const [position = ""] = [...this.#checkpoints.values()].sort();
    return { ok: true, events: this.#events, accounts, position };
  }

  async #checkParked(): Promise<void> {
    const [parked] = await loadParked(this.#sql, "taem_ledger");
    if (parked === undefined) return;
    const where = `${parked.key} from event ${parked.revision} on`;
    throw new Discrepant({ check: "parked", where, expected: "to be projected", actual: parked.error });
  }

  async #replay(slices: readonly number[], isFirst: boolean): Promise<Replay> {
    const replay = new Replay(this.#zones, this.#totals);
    const wanted = new Set(slices);
    const { store } = this.#options;
    const pages =
      isFirst && store.verifyPage !== undefined
        ? await this.#auditedLog()
        : scanSlices(store, slices, highest(this.#checkpoints));
    for await (const page of pages) {
      const counted = page.filter(
        ({ slice, position }) => wanted.has(slice) && position <= (this.#checkpoints.get(slice) ?? ""),
      );
      await replay.add(counted);
      this.#replayed += counted.length;
      this.#options.onProgress?.({ phase: "replay", done: this.#replayed, total: this.#events });
    }
    return replay;
  }

  /** The whole log, every event held against its digest. */
  async #auditedLog(): Promise<AsyncGenerator<readonly RecordedEvent[]>> {
    const { verifyPage } = this.#options.store as LogAudit;
    const head = await this.#options.store.head();
    return scan(async (after, limit) => {
      const { events, next, damage } = await verifyPage(after, limit);
      if (damage === undefined) return { events, next };
      const { kind, position } = damage;
      throw new Discrepant({
        check: kind === "missing" ? "event_missing" : "event_altered",
        where: `position ${position} of the log`,
        expected: "the event that was written there",
        actual: kind === "missing" ? "none" : "another one: its digest does not match",
      });
    }, head);
  }
}

function highest(checkpoints: ReadonlyMap<number, Position>): Position {
  return [...checkpoints.values()].sort().at(-1) ?? "";
}

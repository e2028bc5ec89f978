import type { Database } from "@taem/postgres";

/** An account whose sweep is due at or before the programme's present. */
export interface SweepTask {
  readonly programme: string;
  readonly member: string;
  readonly currency: string;
}

export interface TransferTask extends SweepTask {
  readonly transfer: string;
  /** Revision of its first event in the source account. */
  readonly revision: number;
}

/** Tasks in the order in which they became due, and where the next ones begin; undefined after the last. */
export interface Page<T> {
  readonly tasks: readonly T[];
  readonly next: Cursor | undefined;
}

/** The last row of a page. */
export type Cursor = readonly [at: bigint, id: string, currency: string];

const START: Cursor = [0n, "", ""];
/** Rows of a page. */
const PAGE = 1_000;

/** A task that is ticked off by its rows. */
export interface DueSweep extends SweepTask {
  readonly slice: number;
}

/** The tasks of a schedule, read and ticked off. Times in milliseconds since the epoch. */
export class TaskTable {
  readonly #database: Database;
  readonly #schema: string;

  constructor(database: Database, schema: string) {
    this.#database = database;
    this.#schema = schema;
  }

  /** Programmes with sweeps to come, and when the first is due. */
  async programmes(): Promise<{ readonly programme: string; readonly dueAt: number }[]> {
    const { rows } = await this.#database.query<{ programme: string; due_at: bigint }>(
      `WITH RECURSIVE programmes AS (
         (SELECT programme FROM ${this.#schema}.sweeps ORDER BY programme LIMIT 1)
         UNION ALL
         SELECT (SELECT s.programme FROM ${this.#schema}.sweeps s WHERE s.programme > p.programme
                 ORDER BY s.programme LIMIT 1)
         FROM programmes p WHERE p.programme IS NOT NULL
       )
       SELECT p.programme, (SELECT min(s.due_at) FROM ${this.#schema}.sweeps s WHERE s.programme = p.programme) AS due_at
       FROM programmes p WHERE p.programme IS NOT NULL`,
    );
    return rows.map(({ programme, due_at }) => ({ programme, dueAt: Number(due_at) }));
  }

  /** Accounts of a programme that are due, each once, longest overdue first. */
  async dueSweeps(programme: string, now: number, after: Cursor = START): Promise<Page<DueSweep>> {
    const { rows } = await this.#database.query<DueSweep & { due_at: bigint }>(
      `SELECT slice, member, currency, due_at FROM ${this.#schema}.sweeps
       WHERE programme = $1 AND due_at <= $2 AND (due_at, member, currency) > ($3, $4, $5)
       ORDER BY due_at, member, currency LIMIT $6`,
      [programme, now, ...after, PAGE],
    );
    const tasks = new Map<string, DueSweep>();
    for (const { slice, member, currency } of rows)
      tasks.set(`${member} ${currency}`, { slice, programme, member, currency });
    const last = rows.length < PAGE ? undefined : rows.at(-1);
    return { tasks: [...tasks.values()], next: last && [last.due_at, last.member, last.currency] };
  }

  /** The accounts were swept at `now`: whatever was due by then is done. */
  async swept(tasks: readonly DueSweep[], now: number): Promise<void> {
    const columns = (["slice", "programme", "member", "currency"] as const).map((name) =>
      tasks.map((task) => task[name]),
    );
    await this.#database.query(
      `DELETE FROM ${this.#schema}.sweeps s
       USING unnest($1::smallint[], $2::text[], $3::text[], $4::text[]) AS t (slice, programme, member, currency)
       WHERE s.slice = t.slice AND s.programme = t.programme AND s.member = t.member AND s.currency = t.currency
         AND s.due_at <= $5`,
      [...columns, now],
    );
  }

  /** Transfers begun before an instant and not ended since; those that have ended are dropped on the way. */
  async openTransfers(begunBefore: number, after: Cursor = START): Promise<Page<TransferTask>> {
    await this.#database.query(
      `WITH over AS (
         DELETE FROM ${this.#schema}.transfers t USING ${this.#schema}.ended_transfers e
         WHERE e.transfer = t.transfer RETURNING t.transfer
       )
       DELETE FROM ${this.#schema}.ended_transfers e USING over WHERE e.transfer = over.transfer`,
    );
    const { rows } = await this.#database.query<TransferTask & { recorded_at: bigint }>(
      `SELECT transfer, programme, member, currency, revision, recorded_at FROM ${this.#schema}.transfers
       WHERE recorded_at < $1 AND (recorded_at, transfer) > ($2, $3) ORDER BY recorded_at, transfer LIMIT $4`,
      [begunBefore, after[0], after[1], PAGE],
    );
    const last = rows.length < PAGE ? undefined : rows.at(-1);
    return { tasks: rows, next: last && [last.recorded_at, last.transfer, ""] };
  }
}

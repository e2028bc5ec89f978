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

  /** Accounts of a programme that are due, longest overdue first. */
  async dueSweeps(programme: string, now: number, limit: number): Promise<SweepTask[]> {
    const { rows } = await this.#database.query<{ member: string; currency: string }>(
      `SELECT member, currency FROM (
         SELECT member, currency, due_at FROM ${this.#schema}.sweeps
         WHERE programme = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3
       ) due GROUP BY member, currency ORDER BY min(due_at)`,
      [programme, now, limit],
    );
    return rows.map(({ member, currency }) => ({ programme, member, currency }));
  }

  /** The accounts were swept at `now`: whatever was due by then is done. */
  async swept(tasks: readonly SweepTask[], now: number): Promise<void> {
    await this.#database.query(
      `DELETE FROM ${this.#schema}.sweeps s USING unnest($1::text[], $2::text[], $3::text[]) AS t (programme, member, currency)
       WHERE s.programme = t.programme AND s.member = t.member AND s.currency = t.currency AND s.due_at <= $4`,
      [tasks.map((t) => t.programme), tasks.map((t) => t.member), tasks.map((t) => t.currency), now],
    );
  }

  /** Transfers begun before an instant and not ended since; those that have ended are dropped on the way. */
  async openTransfers(begunBefore: number, limit: number): Promise<TransferTask[]> {
    await this.#database.query(
      `WITH over AS (
         DELETE FROM ${this.#schema}.transfers t USING ${this.#schema}.ended_transfers e
         WHERE e.transfer = t.transfer RETURNING t.transfer
       )
       DELETE FROM ${this.#schema}.ended_transfers e USING over WHERE e.transfer = over.transfer`,
    );
    const { rows } = await this.#database.query<TransferTask>(
      `SELECT transfer, programme, member, currency, revision FROM ${this.#schema}.transfers
       WHERE recorded_at < $1 ORDER BY recorded_at LIMIT $2`,
      [begunBefore, limit],
    );
    return rows;
  }
}

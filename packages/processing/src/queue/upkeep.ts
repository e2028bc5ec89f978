import type { Database } from "@taem/postgres";
import type { Logger, Metrics } from "@taem/runtime";
import { named } from "../statement.ts";
import { type HeldMessage, IS_HELD } from "./message.ts";
import { RestingLoop } from "./resting-loop.ts";
import { nameOfQueue, type QueueTable, tableOf } from "./schema.ts";

/** How long what has come to an end is kept, with its key: who brings one again after that, brings a new message. */
export const KEPT_DAYS = 90;
const HELD_STATES = ["refused", "parked", "waiting"] as const satisfies readonly HeldMessage["state"][];
const DELETED_AT_ONCE = 1_000;
const EVERY_MS = 15_000;

export interface UpkeepOptions {
  readonly table: QueueTable;
  readonly queue: string;
  readonly database: Database;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Drops what came to an end long ago, and measures what is held. Beside each worker of a queue; several do no harm. */
export class QueueUpkeep {
  readonly #options: UpkeepOptions;
  readonly #measure: (state: HeldMessage["state"], messages: number) => void;
  readonly #loop: RestingLoop;

  constructor(options: UpkeepOptions) {
    const { logger, metrics } = options;
    const queue = nameOfQueue(options);
    this.#options = options;
    this.#measure = heldGauge(metrics, queue);
    const complaint = "a queue was not looked after; trying again";
    this.#loop = new RestingLoop(() => this.runOnce(), EVERY_MS, logger.child({ queue }), complaint);
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** How many messages were dropped. The days are the server's, whatever the clock of this machine says. */
  async runOnce(): Promise<number> {
    const { database, table, queue } = this.#options;
    const held = await database.queryArrays<[HeldMessage["state"], bigint]>(
      named(
        `${table} held`,
        `SELECT state, count(*) FROM ${tableOf(table)} WHERE queue = $1 AND ${IS_HELD} GROUP BY state`,
      ),
      [queue],
    );
    for (const state of HELD_STATES)
      this.#measure(state, Number(held.find(([found]) => found === state)?.[1] ?? 0));
    const { rowCount } = await database.query(
      named(
        `${table} expire`,
        `DELETE FROM ${tableOf(table)} WHERE queue = $1 AND key = ANY (ARRAY(
           SELECT key FROM ${tableOf(table)}
            WHERE queue = $1 AND state IN ('done', 'refused') AND ended_at < now() - $2 * interval '1 day'
            LIMIT ${DELETED_AT_ONCE} FOR UPDATE SKIP LOCKED))`,
      ),
      [queue, KEPT_DAYS],
    );
    return rowCount;
  }
}

function heldGauge(metrics: Metrics, queue: string): (state: HeldMessage["state"], messages: number) => void {
  const gauge = metrics.gauge({
    name: "taem_queue_held_messages",
    help: "Messages of an outbox or inbox to look at: parked, with their lanes, refused for good, or waiting after five attempts.",
    labels: ["queue", "state"] as const,
  });
  return (state, messages) => gauge.set({ queue, state }, messages);
}

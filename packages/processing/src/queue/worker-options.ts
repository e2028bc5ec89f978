import type { Database } from "@taem/postgres";
import type { Clock, Logger, Metrics } from "@taem/runtime";
import type { Message } from "./message.ts";
import type { Outcome } from "./outcome.ts";
import type { QueueTable } from "./schema.ts";

export interface DeliveryContext {
  /** Server time by which an answer is waited for. */
  readonly deadline: number;
}

export interface QueueWorkerOptions {
  readonly table: QueueTable;
  /** Of the table's queues the one that is worked off. */
  readonly queue: string;
  /** Lends one connection for as long as a round takes; what `deliver` needs comes on top. */
  readonly database: Database;
  /**
   * Carries a message out. May be called again with the same message, whatever became of the first call: its key makes
   * it harmless. What it rejects with is tried again, and parked where it is no passing trouble and stays.
   */
  readonly deliver: (message: Message, context: DeliveryContext) => Promise<Outcome>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** How long it rests when nothing was due; 250 unless told. */
  readonly pollMs?: number;
}

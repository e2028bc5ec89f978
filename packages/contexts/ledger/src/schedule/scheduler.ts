import type { EventStore } from "@taem/event-store";
import type { Database } from "@taem/postgres";
import { type EventSource, Projector, schemaOf } from "@taem/processing";
import type { Clock, Logger, Metrics, Tracer } from "@taem/runtime";
import { scheduleProjection } from "./schedule-projection.ts";
import { type AccountKeeper, Sweeper } from "./sweeper.ts";
import { TaskTable } from "./task-table.ts";

export interface SchedulerPlatform {
  readonly database: Database;
  readonly store: EventStore;
  /** Where events come from. */
  readonly source: EventSource;
  /** Whether this process takes commands too. */
  readonly besideWriters?: boolean;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly tracer?: Tracer | undefined;
}

export interface Scheduler {
  readonly projector: Projector;
  /** Begins with what became due while nobody ran. */
  start(): Promise<void>;
  /** Ends after what is under way. */
  stop(): Promise<void>;
}

/**
 * Keeps the log up with time: expiries, hold timeouts and half-done transfers become events soon after they are due.
 * No balance waits for it.
 */
export function createScheduler(platform: SchedulerPlatform, keeper: AccountKeeper): Scheduler {
  const { database, clock, logger } = platform;
  const projection = scheduleProjection();
  const projector = new Projector({ ...platform, projection });
  const sweeper = new Sweeper({
    tasks: new TaskTable(database, schemaOf(projection)),
    keeper,
    clock,
    logger,
  });
  return {
    projector,
    async start() {
      await projector.start();
      sweeper.start();
    },
    async stop() {
      await sweeper.stop();
      await projector.stop();
    },
  };
}

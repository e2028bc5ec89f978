import { CommandHandler, type EventStore, type SealedSnapshots, StoreUnavailable } from "@taem/event-store";
import { isPassing } from "@taem/processing";
import { type Clock, type Logger, randomId, reasonOf, type Tracer } from "@taem/runtime";
import { appendTelemetry } from "./append-telemetry.ts";

interface HandlerPlatform {
  readonly store: EventStore;
  readonly snapshots: SealedSnapshots;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tracer?: Tracer | undefined;
  /** Why the log may not be written now; undefined = it may. */
  readonly barred?: () => Error | undefined;
}

export interface HandlerConfig {
  /** Commands waiting at most before new ones are refused as `overloaded`. */
  readonly maxQueued?: number;
  /** Bytes of state kept in memory at most. */
  readonly cacheBytes?: number;
}

/** The command handler of a process that writes: whatever its contexts decide goes through it. */
export function openCommandHandler(platform: HandlerPlatform, config: HandlerConfig = {}): CommandHandler {
  const { store, snapshots, clock, logger, barred } = platform;
  return new CommandHandler({
    store,
    snapshots,
    newId: randomId,
    now: () => clock.now(),
    ...config,
    barred: () => {
      const reason = barred?.();
      return reason && new StoreUnavailable(reason);
    },
    onAppended: appendTelemetry(platform),
    onError: (err, stream) => {
      const message = "a stream's commands failed";
      // What is away comes back, and whoever asked says what that means: one line for each who was refused is enough.
      if (isPassing(err)) logger.debug({ reason: reasonOf(err), stream }, message);
      else logger.error({ err, stream }, message);
    },
  });
}

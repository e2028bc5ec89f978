import type { KeyObject } from "node:crypto";
import { SealedSnapshots } from "@taem/event-store";
import type { Database } from "@taem/postgres";
import { derivedKey, type Logger, type Metrics } from "@taem/runtime";

interface SnapshotPlatform {
  readonly database: Database;
  readonly hmacKey: KeyObject;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Snapshots of streams, in PostgreSQL whatever holds the log, sealed by the installation. */
export async function openSnapshots({
  database,
  hmacKey,
  metrics,
  logger,
}: SnapshotPlatform): Promise<SealedSnapshots> {
  const { openPostgresSnapshots } = await import("@taem/event-store-postgres");
  const dropped = metrics.counter({
    name: "taem_snapshots_dropped_total",
    help: "Snapshots that were not what their stream says, and were dropped: somebody writes to the database.",
  });
  // A counter that nobody has seen at 0 hides its first increase.
  dropped.add({}, 0);
  return new SealedSnapshots({
    store: await openPostgresSnapshots(database),
    key: derivedKey(hmacKey, "snapshot"),
    onDropped: ({ stream, revision }, reason) => {
      dropped.add({});
      logger.warn(
        { stream, revision, reason },
        "a snapshot is not what its stream says, and is dropped: who has written it?",
      );
    },
    onError: (error) =>
      logger.warn(
        { reason: (error as Error).message },
        "snapshots cannot be had; folding streams from their start",
      ),
  });
}

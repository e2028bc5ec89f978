import type { EventStore, LogAudit } from "@taem/event-store";
import type { Route } from "@taem/http";
import { type TokenIssuer, Tokens } from "@taem/http";
import type { Database } from "@taem/postgres";
import {
  type EventSource,
  Projector,
  type RebuildOptions,
  type RebuildOutcome,
  rebuild,
  storeLogSource,
} from "@taem/processing";
import type { Clock, Logger, Metrics, Tracer } from "@taem/runtime";
import { queryRoutes } from "./api/query-routes.ts";
import type { Directory } from "./application/directory.ts";
import { createLedgerProjection } from "./read-model/ledger-projection.ts";
import { type Verification, type VerifyOptions, verifyLedger } from "./verify/verify.ts";

/** What the ledger service stands on. */
export interface LedgerPlatform extends TokenIssuer {
  readonly database: Database;
  readonly store: EventStore & Partial<LogAudit>;
  readonly directory: Directory;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly tracer?: Tracer | undefined;
  /** Where events come from; the store's own log unless told. */
  readonly source?: EventSource;
  /** Whether this process takes commands too. */
  readonly besideWriters?: boolean;
}

export interface LedgerConfig {
  /** Events in a batch of the projector at most. */
  readonly batchSize?: number;
}

export interface Ledger {
  readonly routes: readonly Route[];
  /** Keeps the read models up with the log; `start` it before the routes are served. */
  readonly projection: Projector;
  /** Recomputes everything from the events and compares. Reads only. */
  verify(options?: Pick<VerifyOptions, "onProgress">): Promise<Verification>;
  rebuild(options: Pick<RebuildOptions, "expect" | "confirm" | "onProgress">): Promise<RebuildOutcome>;
  /** Ends the projector after its batch. The database and the store stay open. */
  close(): Promise<void>;
}

/** The read side: projects the log into the ledger's read models and answers questions about them. */
export function createLedger(platform: LedgerPlatform, config: LedgerConfig = {}): Ledger {
  const { database, store } = platform;
  const projection = createLedgerProjection(platform);
  const projector = new Projector({
    ...platform,
    ...config,
    projection,
    source: platform.source ?? storeLogSource(store),
  });
  return {
    routes: queryRoutes({ ...platform, projector, tokens: new Tokens(platform) }),
    projection: projector,
    verify: (options = {}) => verifyLedger({ database, store, ...options }),
    rebuild: (options) => rebuild({ database, store, projection, ...options }),
    close: () => projector.stop(),
  };
}

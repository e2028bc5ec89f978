import type { EventStore, LogAudit, StreamAudit } from "@taem/event-store";
import { Appender } from "./appender.ts";
import { Connection, type HostGuard } from "./connection.ts";
import { toReadFailure } from "./failures.ts";
import { type FollowerReports, followLog } from "./log-follower.ts";
import { auditPage, readHead, readPage } from "./log-reader.ts";
import { PositionMarks } from "./position-marks.ts";
import { findHidden, readStreamPages, readStreams } from "./stream-reader.ts";
import { TIMING, type Timing } from "./timing.ts";

export interface EsdbEventStoreOptions extends FollowerReports {
  /** `esdb://` or `esdb+discover://`, as EventStoreDB's clients take it. Holds credentials: not for logs. */
  readonly url: string;
  /** Asked of every node before it is connected to, of those too that the servers name. */
  readonly guard?: HostGuard | undefined;
}

export type EsdbEventStore = EventStore & LogAudit & StreamAudit & AsyncDisposable;

const STREAM_PAGE = 500;
const MARK_SPACING = 10_000;

/**
 * Opens the store on an EventStoreDB 24 or KurrentDB 25, or newer. Any number of instances may share a server. Rejects
 * with `StoreUnavailable` while the server cannot be reached, and with an `EsdbError` where trying again is of no use.
 */
export function openEsdbEventStore(options: EsdbEventStoreOptions): Promise<EsdbEventStore> {
  return openWith(options, TIMING, MARK_SPACING);
}

export async function openWith(
  { url, guard, ...reports }: EsdbEventStoreOptions,
  timing: Timing,
  markSpacing: number,
): Promise<EsdbEventStore> {
  const connection = new Connection(url, guard);
  try {
    const newest = await readHead(connection, timing.silence);
    const appender = new Appender(connection, timing, newest);
    return storeOn(connection, appender, timing, markSpacing, reports);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function storeOn(
  connection: Connection,
  appender: Appender,
  timing: Timing,
  markSpacing: number,
  reports: FollowerReports,
): EsdbEventStore {
  const closing = new AbortController();
  const marks = new PositionMarks(connection, appender, timing, markSpacing);
  const { silence } = timing;

  const endOf = (signal: AbortSignal | undefined) =>
    signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);

  const close = async () => {
    closing.abort();
    await connection.close();
  };
  return {
    checksReads: false,
    groupsAppends: false,
    append: (appends, signal) => appender.append(appends, endOf(signal)),
    read: (requests) => readStreams(connection, silence, requests),
    readStream: (stream, afterRevision, pageSize = STREAM_PAGE) =>
      readStreamPages(connection, silence, stream, afterRevision, pageSize),
    readLog: (after, limit, filter) => readPage(connection, silence, after, limit, filter),
    follow: (after, { signal, ...options }) =>
      followLog(connection, { after, signal: endOf(signal), ...options }, timing, reports),
    head: () => readHead(connection, silence),
    verifyPage: (after, limit) => auditPage(connection, silence, after, limit),
    findHidden: () => findHidden(connection, silence),
    positionAt: (instant) =>
      marks.positionAt(instant).catch((error: unknown) => {
        throw toReadFailure(error);
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

import {
  type Append,
  type AppendResult,
  type EventStore,
  OutcomeUnknown,
  StoreUnavailable,
} from "@taem/event-store";

/** What one append meets. `append` is what would have happened. */
export type AppendFault = (
  append: () => Promise<AppendResult[]>,
  appends: readonly Append[],
) => Promise<AppendResult[]>;

/** What one read of streams meets. */
export type ReadFault = () => Promise<void>;

/** A store that does what a test tells it, and counts its round trips. */
export interface FaultyStore extends EventStore {
  /** Faults for the next appends, one each; without one, all is well. */
  readonly appendFaults: AppendFault[];
  readonly readFaults: ReadFault[];
  readonly trips: { append: number; read: number; head: number };
}

export function faultyStore(store: EventStore): FaultyStore {
  const appendFaults: AppendFault[] = [];
  const readFaults: ReadFault[] = [];
  const trips = { append: 0, read: 0, head: 0 };
  return {
    checksReads: store.checksReads,
    groupsAppends: store.groupsAppends,
    appendFaults,
    readFaults,
    trips,
    append(appends, signal) {
      trips.append++;
      const append = () => store.append(appends, signal);
      const fault = appendFaults.shift();
      return fault === undefined ? append() : fault(append, appends);
    },
    async read(requests) {
      trips.read++;
      await meet(readFaults);
      return store.read(requests);
    },
    head() {
      trips.head++;
      return store.head();
    },
    readStream: (stream, afterRevision, pageSize) => store.readStream(stream, afterRevision, pageSize),
    readLog: (after, limit, filter) => store.readLog(after, limit, filter),
    follow: (after, options) => store.follow(after, options),
    positionAt: (instant) => store.positionAt(instant),
    close: () => store.close(),
  };
}

async function meet(faults: ReadFault[]): Promise<void> {
  const fault = faults.shift();
  if (fault !== undefined) await fault();
}

/** All is well for this one. */
export const passes: AppendFault = (append) => append();

/** The store never hears of it. */
export const breaks: AppendFault = () => Promise.reject(new OutcomeUnknown(new Error("broken")));

/** Stored, but nobody is told. */
export const losesAnswer: AppendFault = async (append) => {
  await append();
  throw new OutcomeUnknown(new Error("the answer is lost"));
};

/** Every append of the flush is refused, as if another writer had been first. */
export const conflicts: AppendFault = (_, appends) =>
  Promise.resolve(
    appends.map(({ expectedRevision }) => ({
      ok: false,
      conflict: { actualRevision: expectedRevision + 1 },
    })),
  );

/** Happens once the promise is fulfilled. */
export function waitsFor(open: Promise<unknown>): AppendFault {
  return async (append) => {
    await open;
    return append();
  };
}

export const unreachable: ReadFault = () => Promise.reject(new StoreUnavailable(new Error("away")));

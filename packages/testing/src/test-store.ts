import type { EventStore, RecordedEvent } from "@taem/event-store";
import { openEsdbEventStore } from "@taem/event-store-esdb";
import { openPostgresEventStore, type PostgresEventStore } from "@taem/event-store-postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import type { Environment } from "@taem/runtime";

/** An event store on a database of its own, dropped with it. */
export interface TestStore extends AsyncDisposable {
  readonly url: string;
  readonly store: PostgresEventStore;
  /** Another instance on the same log, as another process would have it; closed with the store. */
  another(): Promise<PostgresEventStore>;
  close(): Promise<void>;
}

export async function openTestStore(max = 6): Promise<TestStore> {
  await using undo = new AsyncDisposableStack();
  const { url } = undo.use(await createTestDatabase());
  const store = undo.use(await openPostgresEventStore({ url, max }));
  const opened = undo.move();
  const close = () => opened.disposeAsync();
  return {
    url,
    store,
    another: async () => opened.use(await openPostgresEventStore({ url, max })),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The log that an environment names, as another process has it open. */
export async function openLog({ EVENTSTORE_URL: esdb, DATABASE_URL: url }: Environment) {
  return esdb === undefined
    ? await openPostgresEventStore({ url: url as string, max: 1 })
    : await openEsdbEventStore({ url: esdb });
}

/** Every event of the log, in its order. */
export async function wholeLog(store: EventStore): Promise<RecordedEvent[]> {
  const log: RecordedEvent[] = [];
  for (let after = ""; ; ) {
    const { events, next } = await store.readLog(after, 5_000);
    if (events.length === 0) return log;
    log.push(...events);
    after = next;
  }
}

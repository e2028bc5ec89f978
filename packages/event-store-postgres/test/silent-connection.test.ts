import { CommandHandler, type CounterAnswer, Counters, START, StoreUnavailable } from "@taem/event-store";
import { openPool } from "@taem/postgres";
import { createTestDatabase, openTcpProxy } from "@taem/postgres/testing";
import { expect, test, vi } from "vitest";
import { openPostgresEventStore, type PostgresEventStore } from "../src/index.ts";
import { openWith } from "../src/postgres-event-store.ts";
import { appendOf, newStream } from "./support/events.ts";

// Failure: what lies between us and the server swallows everything and closes nothing, and every command waits with it.

const CONNECTIONS = 4;
/** Long enough for a busy machine to answer in, short enough for a test to wait for. */
const SILENCE_MS = 1_000;

/** A store behind a proxy, with all its connections made. */
async function openBehind(proxy: { readonly url: string }): Promise<PostgresEventStore> {
  const store = await openWith({ url: proxy.url, max: CONNECTIONS }, SILENCE_MS);
  await Promise.all(Array.from({ length: 20 }, () => store.append([appendOf(1)])));
  return store;
}

/** Commands on streams of their own. */
class Commands {
  readonly #handler: CommandHandler;
  readonly #streams = Array.from({ length: 12 }, newStream);
  readonly #store: PostgresEventStore;

  constructor(store: PostgresEventStore) {
    this.#store = store;
    this.#handler = new CommandHandler({ store, newId: () => crypto.randomUUID(), now: () => 0 });
  }

  /** One of this name on each of the streams. */
  each(order: string): Promise<CounterAnswer[]> {
    const counters = new Counters(this.#handler);
    const claimant = { meta: { actor: "test", correlation: "test" }, deadline: Number.POSITIVE_INFINITY };
    return Promise.all(
      this.#streams.map((stream) =>
        counters.reserve({ stream, slice: 0 }, { order, attempt: 1, amount: 1n, limit: 9n }, claimant),
      ),
    );
  }

  /** How many events each of the streams has. */
  async counts(): Promise<number[]> {
    const slices = await this.#store.read(this.#streams.map((stream) => ({ stream, afterRevision: 0 })));
    return slices.map(({ events }) => events.length);
  }

  close(): Promise<void> {
    return this.#handler.close();
  }
}

const done = Array(12).fill({ granted: 1n, isRepeated: false });

test("an append over a connection that has fallen silent is made over another, and stored once", async () => {
  await using database = await createTestDatabase();
  await using proxy = await openTcpProxy(database.url);
  await using store = await openBehind(proxy);
  const append = appendOf(2);
  proxy.pause("present");
  expect(await store.append([append])).toMatchObject([{ ok: true, revision: 2 }]);
  // What the first attempt sent comes through as well, late.
  proxy.resume();
  expect(await store.append([append])).toMatchObject([{ ok: true, revision: 2 }]);
  const { events } = await store.readLog(START, 1_000);
  expect(events.filter(({ stream }) => stream === append.stream).map(({ id }) => id)).toEqual(
    append.events.map(({ id }) => id),
  );
});

test("commands go on over new connections, and what was sent over silent ones is done once", async () => {
  await using database = await createTestDatabase();
  await using proxy = await openTcpProxy(database.url);
  await using store = await openBehind(proxy);
  const commands = new Commands(store);
  expect(await commands.each("before")).toEqual(done);
  for (const round of [1, 2]) {
    proxy.pause("present");
    expect(await commands.each(`round ${round}`)).toEqual(done);
  }
  proxy.resume();
  expect(await commands.each("after")).toEqual(done);
  expect(await commands.counts()).toEqual(Array(12).fill(4));
  await commands.close();
});

test("commands that meet silence everywhere wait for its end, and are done once", async () => {
  await using database = await createTestDatabase();
  await using proxy = await openTcpProxy(database.url);
  await using store = await openBehind(proxy);
  const commands = new Commands(store);
  await commands.each("before");
  const { connections } = proxy;
  proxy.pause("all");
  const during = commands.each("during");
  await vi.waitFor(() => expect(proxy.connections).toBeGreaterThan(connections), { timeout: 20_000 });
  proxy.resume();
  expect(await during).toEqual(done);
  expect(await commands.counts()).toEqual(Array(12).fill(2));
  await commands.close();
});

test.each([
  ["streams", (store: PostgresEventStore) => store.read([{ stream: "taem.a", afterRevision: 0 }])],
  ["the log", (store: PostgresEventStore) => store.readLog(START, 10)],
  ["the head", (store: PostgresEventStore) => store.head()],
  ["dates", (store: PostgresEventStore) => store.positionAt(0)],
])(
  "reading %s over a silent connection is refused as unavailable, and then answered over another",
  async (_, read) => {
    await using database = await createTestDatabase();
    await using proxy = await openTcpProxy(database.url);
    await using store = await openBehind(proxy);
    proxy.pause("present");
    await expect(read(store)).rejects.toBeInstanceOf(StoreUnavailable);
    await read(store);
  },
);

test("a follower whose connections fall silent goes on over others", async () => {
  await using database = await createTestDatabase();
  await using proxy = await openTcpProxy(database.url);
  await using store = await openBehind(proxy);
  const done = new AbortController();
  const pages = store.follow(await store.head(), { limit: 10, signal: done.signal })[Symbol.asyncIterator]();
  for (let i = 0; i < 2; i++) {
    const page = pages.next();
    proxy.pause("present");
    const append = appendOf(1);
    await store.append([append]);
    expect((await page).value.events).toMatchObject([{ stream: append.stream }]);
  }
  done.abort();
  await pages.return?.();
});

test("what waits for its turn longer than its sender is taken back by the server, and sent again when the log is free", async () => {
  await using database = await createTestDatabase();
  await using pool = openPool({ url: database.url, max: 2, applicationName: "holder" });
  await using store = await openPostgresEventStore({ url: database.url, max: CONNECTIONS });
  const waiting = async () => {
    const { rows } = await pool.query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
    return rows.length;
  };
  const append = appendOf(1);
  const appending = await pool.transaction(async (transaction) => {
    await transaction.query("SELECT pg_advisory_xact_lock(8386095501567356775)");
    const sent = store.append([append]);
    await vi.waitFor(async () => expect(await waiting()).toBe(1), { timeout: 10_000 });
    await vi.waitFor(async () => expect(await waiting()).toBe(0), { timeout: 20_000 });
    return { sent };
  });
  expect(await appending.sent).toMatchObject([{ ok: true, revision: 1 }]);
});

test("a store whose connections have all fallen silent closes", async () => {
  await using database = await createTestDatabase();
  await using proxy = await openTcpProxy(database.url);
  const store = await openBehind(proxy);
  const done = new AbortController();
  const page = store
    .follow(await store.head(), { limit: 1, signal: done.signal })
    [Symbol.asyncIterator]()
    .next();
  await store.append([appendOf(1)]);
  await page;
  proxy.pause("all");
  await store.close();
});

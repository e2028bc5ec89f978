import { START } from "@taem/event-store";
import { openPool, type Queryable } from "@taem/postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import { expect, test } from "vitest";
import { openPostgresEventStore } from "../src/index.ts";
import { appendOf } from "./support/events.ts";

/** Runs `work` while a transaction that has written stays open in the database. */
async function duringOpenTransaction(url: string, work: () => Promise<void>): Promise<void> {
  await using pool = openPool({ url, max: 1, applicationName: "test" });
  await pool.query("CREATE TABLE IF NOT EXISTS held (a int)");
  await pool.transaction(async (transaction: Queryable) => {
    await transaction.query("INSERT INTO held VALUES (1)");
    await work();
  });
}

test.for(["another database of the server", "the store's own database"])(
  "a write transaction held open in %s stalls nothing and hides nothing",
  async (place) => {
    await using own = await createTestDatabase();
    await using other = await createTestDatabase();
    await using store = await openPostgresEventStore({ url: own.url });
    const done = new AbortController();
    const pages = store.follow(START, { limit: 100, signal: done.signal })[Symbol.asyncIterator]();
    await duringOpenTransaction(place.startsWith("another") ? other.url : own.url, async () => {
      for (let i = 0; i < 50; i++) {
        const append = appendOf(1);
        await store.append([append]);
        expect((await pages.next()).value.events).toMatchObject([{ stream: append.stream }]);
      }
    });
    done.abort();
    await pages.return?.();
    expect((await store.readLog(START, 100)).events).toHaveLength(50);
  },
);

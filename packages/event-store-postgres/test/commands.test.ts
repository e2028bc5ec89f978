import { counterContract, type EventStoreHarness, keyedContract } from "@taem/event-store/contract";
import { createTestDatabase } from "@taem/postgres/testing";
import { openPostgresEventStore } from "../src/index.ts";

async function openHarness(): Promise<EventStoreHarness> {
  const undo = new AsyncDisposableStack();
  const { url } = undo.use(await createTestDatabase());
  const open = async () => undo.use(await openPostgresEventStore({ url, max: 3 }));
  return { store: await open(), second: open, restart: async () => {}, close: () => undo.disposeAsync() };
}

counterContract("PostgreSQL", openHarness);
keyedContract("PostgreSQL", openHarness);

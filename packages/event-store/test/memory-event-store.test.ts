import {
  counterContract,
  type EventStoreHarness,
  eventStoreContract,
  keyedContract,
} from "../src/contract/index.ts";
import { MemoryEventStore } from "../testing/memory-event-store.ts";

async function openMemory(): Promise<EventStoreHarness> {
  const store = new MemoryEventStore();
  return { store, second: async () => store, restart: async () => {}, close: () => store.close() };
}

eventStoreContract("Memory", openMemory);
counterContract("Memory", openMemory);
keyedContract("Memory", openMemory);

import { eventStoreContract } from "../src/contract/index.ts";
import { MemoryEventStore } from "./support/memory-event-store.ts";

eventStoreContract("Memory", async () => {
  const store = new MemoryEventStore();
  return { store, second: async () => store, restart: async () => {}, close: () => store.close() };
});

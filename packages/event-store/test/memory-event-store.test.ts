import {
  counterContract,
  type EventStoreHarness,
  eventStoreContract,
  keyedContract,
  snapshotContract,
} from "../src/contract/index.ts";
import { MemoryEventStore } from "../testing/memory-event-store.ts";
import { MemorySnapshotStore } from "../testing/memory-snapshot-store.ts";

async function openMemory(): Promise<EventStoreHarness> {
  const store = new MemoryEventStore();
  return { store, second: async () => store, restart: () => store.restart(), close: () => store.close() };
}

eventStoreContract("Memory", openMemory);
counterContract("Memory", openMemory);
keyedContract("Memory", openMemory);

const snapshots = new MemorySnapshotStore();
snapshotContract("Memory", async () => snapshots);

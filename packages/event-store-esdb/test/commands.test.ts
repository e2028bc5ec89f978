import { counterContract, type EventStoreHarness, keyedContract } from "@taem/event-store/contract";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { openStore } from "./support/stores.ts";

async function openHarness(): Promise<EventStoreHarness> {
  const undo = new AsyncDisposableStack();
  const server = undo.use(await TestServer.start());
  const open = async () => undo.use(await openStore(server));
  return { store: await open(), second: open, restart: async () => {}, close: () => undo.disposeAsync() };
}

counterContract("EventStoreDB", openHarness);
keyedContract("EventStoreDB", openHarness);

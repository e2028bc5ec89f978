import { counterContract } from "@taem/event-store/contract";
import { TestServer } from "../../../test/support/eventstoredb/server.ts";
import { openStore } from "./support/stores.ts";

counterContract("EventStoreDB", async () => {
  const undo = new AsyncDisposableStack();
  const server = undo.use(await TestServer.start());
  const open = async () => undo.use(await openStore(server));
  return { store: await open(), second: open, restart: async () => {}, close: () => undo.disposeAsync() };
});

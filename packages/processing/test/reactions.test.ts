import { openEsdbEventStore } from "@taem/event-store-esdb";
import { openPool } from "@taem/postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { reactionsContract } from "../src/contract/index.ts";
import { openInstallation } from "./support/installation.ts";

reactionsContract("PostgreSQL", openInstallation);

reactionsContract("EventStoreDB", async () => {
  const undo = new AsyncDisposableStack();
  const { url } = undo.use(await createTestDatabase());
  const database = undo.use(openPool({ url, max: 8, applicationName: "reactions-test" }));
  const server = undo.use(await TestServer.start());
  const store = await openEsdbEventStore(server);
  undo.defer(() => store.close());
  return { store, database, [Symbol.asyncDispose]: () => undo.disposeAsync() };
});

import type { EventStore } from "@taem/event-store";
import { eventStoreContract } from "@taem/event-store/contract";
import { TestServer } from "../../../test/support/eventstoredb/server.ts";
import { openEsdbEventStore } from "../src/index.ts";

for (const batchAppend of [true, false]) {
  eventStoreContract(`EventStoreDB ${batchAppend ? "with" : "without"} BatchAppend`, async () => {
    const server = await TestServer.start({ batchAppend });
    const instances: EventStore[] = [];
    const open = async () => {
      const instance = await openEsdbEventStore({ url: server.url });
      instances.push(instance);
      return instance;
    };
    return {
      store: await open(),
      second: open,
      restart: () => server.restart(),
      async close() {
        await Promise.all(instances.map((instance) => instance.close()));
        await server[Symbol.asyncDispose]();
      },
    };
  });
}

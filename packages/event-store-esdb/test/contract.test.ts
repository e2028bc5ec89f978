import type { EventStore } from "@taem/event-store";
import { type EventStoreHarness, eventStoreContract } from "@taem/event-store/contract";
import { openEventStoreDb } from "@taem/testing/eventstoredb/eventstoredb-provider";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { afterAll, expect } from "vitest";
import { openEsdbEventStore } from "../src/index.ts";
import { viewAfter } from "./support/fresh-view.ts";
import { WAYS } from "./support/stores.ts";

/** What no append of EventStoreDB can do. */
const EXCEPTIONS = {
  "an append that stands on another stream is a conflict where that has moved on, and writes nothing": {
    reason: "EventStoreDB compares an append with its own stream alone",
    test: async ({ store }: EventStoreHarness) => expect(store.checksReads).toBe(false),
  },
};

const provided = await openEventStoreDb();

afterAll(() => provided[Symbol.asyncDispose]());

eventStoreContract(
  "EventStoreDB",
  async () => {
    const first = await openEsdbEventStore(provided);
    const base = await first.head();
    const instances: EventStore[] = [first];
    return {
      store: viewAfter(base, first),
      async second() {
        const instance = await openEsdbEventStore(provided);
        instances.push(instance);
        return viewAfter(base, instance);
      },
      restart: async () => provided.restart?.(),
      ...(provided.restart === undefined && {
        cannotRestart: "the server of EVENTSTORE_URL is not ours to restart",
      }),
      close: () => closeAll(instances),
    };
  },
  EXCEPTIONS,
);

for (const [way, batchAppend] of WAYS) {
  eventStoreContract(
    `EventStoreDB for tests, ${way}, on a server of its own`,
    async () => {
      const server = await TestServer.start({ batchAppend });
      const instances: EventStore[] = [];
      const open = async () => {
        const instance = await openEsdbEventStore(server);
        instances.push(instance);
        return instance;
      };
      return {
        store: await open(),
        second: open,
        restart: () => server.restart(),
        async close() {
          await closeAll(instances);
          await server[Symbol.asyncDispose]();
        },
      };
    },
    EXCEPTIONS,
  );
}

async function closeAll(instances: readonly EventStore[]): Promise<void> {
  await Promise.all(instances.map((instance) => instance.close()));
}

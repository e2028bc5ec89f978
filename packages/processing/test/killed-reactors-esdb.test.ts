import { TestServer } from "@taem/testing/eventstoredb/server";
import { killedReactors } from "./support/killed-reactors.ts";

/** What is rolled back with its transaction knows nothing of the store. */
const BETWEEN_STORE_AND_DATABASE = /^(store|handler):|: (before|after) the commit of/;

await killedReactors(
  "EventStoreDB",
  async () => {
    const server = await TestServer.start();
    return { storeUrl: server.url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  },
  (step) => BETWEEN_STORE_AND_DATABASE.test(step),
);

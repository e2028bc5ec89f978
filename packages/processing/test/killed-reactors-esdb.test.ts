import { TestServer } from "../../../test/support/eventstoredb/server.ts";
import { killedReactors } from "./support/killed-reactors.ts";

await killedReactors("EventStoreDB", async () => {
  const server = await TestServer.start();
  return { storeUrl: server.url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
});

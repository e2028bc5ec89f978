import { EventStoreDBClient } from "@eventstore/db-client";
import { noteInfrastructure } from "../../../../infra/check/infrastructure.ts";
import { hasContainerEngine } from "../container-engine.ts";
import { startEventStoreDbContainer } from "./eventstoredb-container.ts";
import { TestServer } from "./server.ts";

export interface ProvidedEventStoreDb extends AsyncDisposable {
  readonly url: string;
  /** Which server it is, to be printed before any figure that was measured with it. */
  readonly description: string;
  /** Stops and starts the server; undefined where it is not ours to stop. */
  readonly restart: (() => Promise<void>) | undefined;
}

const VERSION_WITHIN_MS = 10_000;

/** In this order: the server of `EVENTSTORE_URL`, one in a container, the test server in this process. */
export async function openEventStoreDb(): Promise<ProvidedEventStoreDb> {
  const provided = await provide(process.env["EVENTSTORE_URL"]);
  noteInfrastructure("EventStoreDB", provided.description);
  return provided;
}

async function provide(given: string | undefined): Promise<ProvidedEventStoreDb> {
  if (given !== undefined) {
    const description = `that of EVENTSTORE_URL, ${await serverVersion(given)}`;
    return { url: given, description, restart: undefined, [Symbol.asyncDispose]: async () => {} };
  }
  if (await hasContainerEngine()) {
    const container = await startEventStoreDbContainer();
    return { ...container, description: `${await serverVersion(container.url)} in a container` };
  }
  const server = await TestServer.start();
  return {
    url: server.url,
    description: "test server in process (EVENTSTORE_URL is not set, no container engine answers)",
    restart: () => server.restart(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** What the server says of itself. Rejects when it does not answer. */
async function serverVersion(url: string): Promise<string> {
  const client = EventStoreDBClient.connectionString(url);
  const { capabilities, getChannel } = client as unknown as {
    capabilities: Promise<{ serverVersion: string }>;
    getChannel: () => Promise<{ close(): void }>;
  };
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error("the server of EVENTSTORE_URL does not answer")),
    VERSION_WITHIN_MS,
  );
  try {
    return `version ${(await Promise.race([capabilities, late])).serverVersion}`;
  } finally {
    clearTimeout(timer);
    (await getChannel()).close();
  }
}

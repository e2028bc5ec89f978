import { createSecretKey, randomBytes } from "node:crypto";
import { type Client, createClient } from "@taem/client";
import { createCommands } from "@taem/commands";
import { type AccountEvent, accountEvents, decodeEvent } from "@taem/contracts";
import { type EventStore, START } from "@taem/event-store";
import { openPostgresEventStore } from "@taem/event-store-postgres";
import { createServer, type Principal, SCOPES } from "@taem/http";
import { createTestDatabase } from "@taem/postgres/testing";
import { createHealth, createLogger, createMetrics, systemClock } from "@taem/runtime";

/** The commands service on a database of its own, called over HTTP. */
export interface LedgerApi extends AsyncDisposable {
  /** A caller with a key of its own. */
  client(): Client;
  /** Every event of an account, in the order of the log. */
  accountEvents(): Promise<AccountEvent[]>;
}

export async function openLedgerApi(): Promise<LedgerApi> {
  await using undo = new AsyncDisposableStack();
  const { url: databaseUrl } = undo.use(await createTestDatabase());
  const store = undo.use(await openPostgresEventStore({ url: databaseUrl }));
  const logger = createLogger({ service: "test", level: "silent" });
  const metrics = createMetrics();
  const platform = { store, logger, metrics, clock: systemClock, hmacKey: createSecretKey(randomBytes(32)) };
  const commands = createCommands(platform);
  undo.defer(() => commands.close());
  const keys = new Map<string, Principal>();
  const server = undo.use(
    createServer({
      info: { title: "Commands", version: "1", description: "Commands." },
      routes: commands.routes,
      apiKeys: { verify: (token) => keys.get(token) },
      logger,
      metrics,
      health: createHealth(),
    }),
  );
  const url = await server.listen(0, "127.0.0.1");
  const opened = undo.move();
  return {
    client() {
      const key = randomBytes(8).toString("hex");
      keys.set(key, { keyId: key, name: "tester", programme: null, scopes: SCOPES });
      return opened.use(createClient({ url, key }));
    },
    accountEvents: () => accountEventsOf(store),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function accountEventsOf(store: EventStore): Promise<AccountEvent[]> {
  const found: AccountEvent[] = [];
  for (let after = START; ; ) {
    const { events, next } = await store.readLog(after, 5_000);
    if (events.length === 0) return found;
    for (const { type, data } of events) {
      if (type in accountEvents) found.push(decodeEvent(type, data) as AccountEvent);
    }
    after = next;
  }
}

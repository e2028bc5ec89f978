import type { Aggregate } from "@taem/event-store";
import { type Client, evolveClient } from "./client.ts";
import { type ClientEvent, clientEvents } from "./events.ts";

/** How the command handler folds a client's stream. */
export const clientAggregate: Aggregate<Client | undefined, ClientEvent> = {
  events: clientEvents,
  initial: () => undefined,
  evolve: evolveClient,
  draft: (state) => state,
  commit: (state) => state,
  weight: (client) => 400 + 300 * (client?.keys.size ?? 0),
};

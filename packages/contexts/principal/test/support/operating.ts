import { randomUUID } from "node:crypto";
import { CommandHandler, type EventStore } from "@taem/event-store";
import { PermissionTable } from "@taem/http";
import { type Asking, Clients } from "../../src/index.ts";

/** As contexts define them. */
export const permissions = new PermissionTable(
  { earn: { allows: "give points" }, burn: { allows: "spend points" }, read: { allows: "see balances" } },
  { opening: { allows: "bring in balances", isOfAdmin: true } },
  {
    define: { allows: "ask", isOfAdmin: true },
    publish: { allows: "agree", approves: "define", isOfAdmin: true },
  },
);

/** Clients on a store, by a clock that stands until it is moved. */
export interface Operating {
  readonly clients: Clients;
  readonly time: { now: number };
  asking(actor?: string): Asking;
  close(): Promise<void>;
}

export function operating(store: EventStore): Operating {
  const time = { now: Date.UTC(2026, 10, 22) };
  const handler = new CommandHandler({ store, newId: randomUUID, now: () => 0 });
  return {
    clients: new Clients({ handler, now: () => time.now }),
    time,
    asking: (actor = "operator (test)") => ({ actor, correlation: randomUUID(), deadline: 1 }),
    close: () => handler.close(),
  };
}

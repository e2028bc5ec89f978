import { randomUUID } from "node:crypto";
import { CommandHandler, type EventStore } from "@taem/event-store";
import { PermissionTable } from "@taem/http";
import { Clients, type Keeping, People } from "../../src/index.ts";
import { roleNames, roleOf } from "../../src/roles.ts";

/** As contexts define them. */
export const permissions = new PermissionTable(
  { earn: { allows: "give points" }, burn: { allows: "spend points" }, read: { allows: "see balances" } },
  { opening: { allows: "bring in balances", isOfAdmin: true } },
  {
    define: { allows: "ask", isOfAdmin: true },
    publish: { allows: "agree", approves: "define", isOfAdmin: true },
  },
);

/** What roles are made of. */
export const peoplePermissions = new PermissionTable(
  Object.fromEntries(
    [...new Set(roleNames.flatMap((name) => roleOf(name)?.permissions ?? []))].map((name) => [
      name,
      { allows: name },
    ]),
  ),
);

/** Clients and people on a store, by a clock that stands until it is moved. */
export interface Operating {
  readonly clients: Clients;
  readonly people: People;
  readonly time: { now: number };
  asking(actor?: string): Keeping;
  close(): Promise<void>;
}

export function operating(store: EventStore): Operating {
  const time = { now: Date.UTC(2026, 10, 22) };
  const handler = new CommandHandler({ store, newId: randomUUID, now: () => 0 });
  return {
    clients: new Clients({ handler, now: () => time.now }),
    people: new People({ handler, store }),
    time,
    asking: (actor = "operator (test)") => ({
      actor,
      correlation: randomUUID(),
      deadline: 1,
      programmes: null,
    }),
    close: () => handler.close(),
  };
}

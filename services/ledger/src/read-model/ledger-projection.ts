import { type AccountEvent, accountEvents } from "@taem/contracts";
import type { EventStore } from "@taem/event-store";
import type { Projection } from "@taem/projection";
import { LedgerFold } from "./ledger-fold.ts";
import { tables } from "./tables.ts";
import { ZoneHistory } from "./zone-history.ts";

/** Raised with every change that makes rows come out differently: the tables in use are then rebuilt. */
export const LEDGER_VERSION = 2;

/** The ledger's read models: postings, statements, balances, lots, holds, adjustments and control totals. */
export function createLedgerProjection({
  store,
}: {
  readonly store: Pick<EventStore, "read">;
}): Projection<AccountEvent> {
  const zones = new ZoneHistory(store);
  return {
    name: "ledger",
    version: LEDGER_VERSION,
    tables,
    handles: (type) => Object.hasOwn(accountEvents, type),
    prepare: (events) => zones.refresh([...new Set(events.map(({ event }) => event.programme))]),
    begin: () => new LedgerFold(zones),
  };
}

import type { EventStore } from "@taem/event-store";
import type { Projection } from "@taem/processing";
import { programme } from "@taem/programme/events";
import { createCatalogue } from "@taem/schema";
import { type AccountEvent, account, accountEvents } from "../events.ts";
import { LedgerFold } from "./ledger-fold.ts";
import { LEDGER } from "./schema.ts";
import { tables } from "./tables.ts";
import { ZoneHistory } from "./zone-history.ts";

/** Raised with every change that makes rows come out differently: the tables in use are then rebuilt. */
export const LEDGER_VERSION = 5;

/**
 * The ledger's read models: postings, statements, balances, lots, holds, adjustments, control totals, and what clients did. Of
 * programmes it has the zones, which their streams say: an event of one that it does not know may be about them.
 */
export function createLedgerProjection({
  store,
}: {
  readonly store: Pick<EventStore, "read">;
}): Projection<AccountEvent> {
  const zones = new ZoneHistory(store);
  return {
    name: LEDGER,
    version: LEDGER_VERSION,
    tables,
    catalogue: createCatalogue([account, programme]),
    handles: (type) => accountEvents.has(type),
    prepare: (events) => {
      const programmes = events.map(({ event }) => event.programme);
      return zones.refresh([...new Set(programmes)]);
    },
    begin: () => new LedgerFold(zones),
  };
}

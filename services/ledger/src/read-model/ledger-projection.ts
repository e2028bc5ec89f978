import { accountEvents, isAccountEvent } from "@taem/contracts";
import type { EventStore } from "@taem/event-store";
import type { Projection } from "@taem/projection";
import { type LedgerEvent, LedgerFold } from "./ledger-fold.ts";
import { isFirstEvent } from "./register.ts";
import { tables } from "./tables.ts";
import { ZoneHistory } from "./zone-history.ts";

/** Raised with every change that makes rows come out differently: the tables in use are then rebuilt. */
export const LEDGER_VERSION = 4;

/**
 * The ledger's read models: postings, statements, balances, lots, holds, adjustments, control totals, what clients did, and
 * the registers of programmes, members and clients.
 */
export function createLedgerProjection({
  store,
}: {
  readonly store: Pick<EventStore, "read">;
}): Projection<LedgerEvent> {
  const zones = new ZoneHistory(store);
  return {
    name: "ledger",
    version: LEDGER_VERSION,
    tables,
    handles: (type) => Object.hasOwn(accountEvents, type) || isFirstEvent(type),
    prepare: (events) => {
      const dated = events.flatMap(({ event }) => (isAccountEvent(event) ? [event.programme] : []));
      return zones.refresh([...new Set(dated)]);
    },
    begin: () => new LedgerFold(zones),
  };
}

import type { EventStore } from "@taem/event-store";
import { member } from "@taem/member/events";
import { client } from "@taem/principal/events";
import type { Projection } from "@taem/processing";
import { programme } from "@taem/programme/events";
import { createCatalogue } from "@taem/schema";
import { account, accountEvents } from "../events.ts";
import { type LedgerEvent, LedgerFold } from "./ledger-fold.ts";
import { isFirstEvent } from "./register.ts";
import { LEDGER } from "./schema.ts";
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
    name: LEDGER,
    version: LEDGER_VERSION,
    tables,
    catalogue: createCatalogue([account, programme, member, client]),
    handles: (type) => accountEvents.has(type) || isFirstEvent(type),
    prepare: (events) => {
      const dated = events.flatMap(({ event }) => (accountEvents.includes(event) ? [event.programme] : []));
      return zones.refresh([...new Set(dated)]);
    },
    begin: () => new LedgerFold(zones),
  };
}

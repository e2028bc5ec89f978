import type { AccountEvent } from "@taem/contracts";
import { localDate, principalOf } from "@taem/domain";
import type { EventRecord } from "@taem/projection";
import type { ZoneHistory } from "./zone-history.ts";

/**
 * What one principal did to the accounts of a slice on one local day, under one source system. The day is that of the
 * store's time, in the programme's zone: nobody moves it by dating a command back, or by a replay clock.
 */
export interface Activity {
  readonly slice: number;
  readonly programme: string;
  readonly date: string;
  readonly currency: string;
  /** Its id; of earlier actors without one, what they were called. */
  readonly principal: string;
  readonly system: string;
  commands: number;
  /** Points given, for sales and as opening balances. */
  earned: bigint;
  /** Points credited, debited and written off by hand, without a second principal. */
  adjusted: bigint;
}

/** Activity of a batch, by the row it belongs to. */
export class ClientActivity {
  readonly #rows = new Map<string, Activity>();

  /** Leaves out what no caller asked for. Throws on an event of a programme that was not defined before it. */
  add(record: EventRecord, event: AccountEvent, actor: () => string, zones: ZoneHistory): void {
    if (!("fingerprint" in event)) return;
    const { slice, recordedAt, position } = record;
    const { programme, currency, key } = event;
    const date = localDate(zones.zoneAt(programme, recordedAt, position), recordedAt);
    const principal = principalOf(actor());
    const id = `${slice} ${date} ${currency} ${programme} ${key.system} ${principal}`;
    let row = this.#rows.get(id);
    if (row === undefined) {
      const named = { slice, programme, date, currency, principal, system: key.system };
      row = { ...named, commands: 0, earned: 0n, adjusted: 0n };
      this.#rows.set(id, row);
    }
    if (event.part === undefined || event.part.index === 1) row.commands++;
    row.earned += earnedBy(event);
    row.adjusted += adjustedBy(event);
  }

  all(): Iterable<Activity> {
    return this.#rows.values();
  }
}

/** Points that an event gives for a sale or as an opening balance. */
function earnedBy(event: AccountEvent): bigint {
  return event.type === "PointsEarned" ? event.lot.amount : 0n;
}

/** Points that an event changes by hand on the word of one principal alone. */
function adjustedBy(event: AccountEvent): bigint {
  switch (event.type) {
    case "AdjustmentCredited":
      return event.approvedBy === undefined ? event.lot.amount : 0n;
    case "AdjustmentDebited":
    case "DebtWrittenOff":
      return event.approvedBy === undefined ? event.amount : 0n;
    default:
      return 0n;
  }
}

import { localDate, principalOf } from "@taem/kernel";
import type { EventRecord } from "@taem/processing";
import type { Activity } from "../domain/effect.ts";
import type { AccountEvent } from "../events.ts";
import type { ZoneHistory } from "./zone-history.ts";

/**
 * The `Activity` of one principal in the accounts of a slice on one local day, under one source system. The day is that of the
 * store's time, in the programme's zone: nobody moves it by dating a command back, or by a replay clock.
 */
export interface ActivityRow {
  readonly slice: number;
  readonly programme: string;
  readonly date: string;
  readonly currency: string;
  /** Its id; of earlier actors without one, what they were called. */
  readonly principal: string;
  readonly system: string;
  commands: number;
  earned: bigint;
  adjusted: bigint;
}

/** Activity of a batch, by the row it belongs to. */
export class ClientActivity {
  readonly #rows = new Map<string, ActivityRow>();

  /** Leaves out what no caller asked for. Throws on an event of a programme that was not defined before it. */
  add(
    record: EventRecord,
    event: AccountEvent,
    activityIn: (event: AccountEvent) => Activity,
    actor: () => string,
    zones: ZoneHistory,
  ): void {
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
    const { earned, adjusted } = activityIn(event);
    row.earned += earned;
    row.adjusted += adjusted;
  }

  all(): Iterable<ActivityRow> {
    return this.#rows.values();
  }
}

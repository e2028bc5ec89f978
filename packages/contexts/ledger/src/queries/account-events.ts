import type { EventStore, RecordedEvent } from "@taem/event-store";
import { type AccountEvent, accountEvents as types } from "../events.ts";
import { type AccountRef, streamOf } from "./account-ref.ts";

/** Which part of an account's history counts: what was effective by an instant, what was recorded by a position. */
export interface Horizon {
  readonly effectiveBy: number | undefined;
  readonly recordedBy: string | undefined;
}

export interface AccountRecord {
  readonly record: RecordedEvent;
  readonly event: AccountEvent;
}

/** An account's events in log order, page by page from the store, as far as the horizon goes. */
export async function* accountEvents(
  store: Pick<EventStore, "readStream">,
  account: AccountRef,
  { effectiveBy = Number.POSITIVE_INFINITY, recordedBy }: Horizon,
  afterRevision = 0,
): AsyncGenerator<AccountRecord> {
  for await (const page of store.readStream(streamOf(account), afterRevision)) {
    for (const record of page) {
      if (recordedBy !== undefined && record.position > recordedBy) return;
      const event = types.decode(record);
      if (event.effectiveAt <= effectiveBy) yield { record, event };
    }
  }
}

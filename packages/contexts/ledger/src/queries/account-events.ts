import { assertOwn, type EventStore, notFolding, type RecordedEvent } from "@taem/event-store";
import { type AccountState, evolve } from "../domain/index.ts";
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

/** An account's events in log order, page by page from the store, as far as the horizon goes. Throws `StreamDamaged`. */
export async function* accountEvents(
  store: Pick<EventStore, "readStream">,
  account: AccountRef,
  { effectiveBy = Number.POSITIVE_INFINITY, recordedBy }: Horizon,
  afterRevision = 0,
): AsyncGenerator<AccountRecord> {
  for await (const page of store.readStream(streamOf(account), afterRevision)) {
    for (const record of page) {
      if (recordedBy !== undefined && record.position > recordedBy) return;
      const event = decoded(record);
      if (event.effectiveAt <= effectiveBy) yield { record, event };
    }
  }
}

function decoded(record: RecordedEvent): AccountEvent {
  let event: AccountEvent;
  try {
    event = types.decode(record);
  } catch (cause) {
    throw notFolding(record, cause);
  }
  assertOwn(record, event.member);
  return event;
}

/** Folds an event into a state, in place. Throws `StreamDamaged` on one that cannot have happened after those before it. */
export function follow(state: AccountState, { record, event }: AccountRecord): void {
  try {
    evolve(state, event);
  } catch (cause) {
    throw notFolding(record, cause);
  }
}

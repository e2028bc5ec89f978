import { randomUUID } from "node:crypto";
import type { Append, EventStore, NewEvent, RecordedEvent } from "@taem/event-store";
import type { TestServer } from "@taem/testing/eventstoredb/server";
import { type EsdbEventStore, openWith } from "../../src/esdb-event-store.ts";
import type { FollowerReports } from "../../src/log-follower.ts";
import { TIMING, type Timing } from "../../src/timing.ts";

/** Both ways to append: many over one call, and each in a call of its own. */
export const WAYS = [
  ["with BatchAppend", true],
  ["without BatchAppend", false],
] as const;

/** A store that soon gives up an append or a subscription that a test has the server leave without an answer. */
export const IMPATIENT: Timing = { ...TIMING, append: 300, quiet: 300 };

/** A store that gives up reads as well: a busy machine is silent for a while too, so only where a test has them unanswered. */
export const IMPATIENT_READER: Timing = { ...IMPATIENT, silence: 300 };

export function openStore(
  server: Pick<TestServer, "url">,
  timing: Timing = TIMING,
  { markSpacing = 10_000, ...reports }: { readonly markSpacing?: number } & FollowerReports = {},
): Promise<EsdbEventStore> {
  return openWith({ url: server.url, ...reports }, timing, markSpacing);
}

export const newStream = (): string => `taem.account-${randomUUID()}`;

export const newEvent = (data = "{}"): NewEvent => ({
  id: randomUUID(),
  type: "PointsEarned",
  data,
  meta: "{}",
});

export function appendOf(count: number, expectedRevision = 0, stream = newStream(), slice = 0): Append {
  const events = Array.from({ length: count }, (_, i) => newEvent(`"${i}"`));
  return { stream, slice, expectedRevision, events };
}

export async function wholeLog(store: EventStore): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (;;) {
    const page = await store.readLog(events.at(-1)?.position ?? "", 500);
    if (page.events.length === 0) return events;
    events.push(...page.events);
  }
}

/** Gives each call what the list holds next, and afterwards nothing. */
export function inTurn<T>(...values: (T | undefined)[]): () => T | undefined {
  return () => values.shift();
}

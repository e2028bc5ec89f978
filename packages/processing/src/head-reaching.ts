import { setTimeout as delay } from "node:timers/promises";
import type { EventStore, Position } from "@taem/event-store";

/** Between one look and the next. */
const PAUSES_MS = [100, 300, 900];

/**
 * Where the log ends. While it seems to end before `position`, it is looked at again and again for a second: whoever told of the
 * position may have read the log a moment ahead of this.
 */
export async function headReaching(store: Pick<EventStore, "head">, position: Position): Promise<Position> {
  let head = await store.head();
  for (const pauseMs of PAUSES_MS) {
    if (head >= position) break;
    await delay(pauseMs);
    head = await store.head();
  }
  return head;
}

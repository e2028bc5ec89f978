import type { EventStore, Position } from "@taem/event-store";
import { type Link, linkedEvent } from "./event-source.ts";
import { type Landmark, landmarkOf } from "./landmark.ts";
import { highest } from "./store-log-source.ts";

/**
 * What the log holds of each slice of `to`, after one set of checkpoints and up to another, in log order, in batches of at
 * most `limit` events; the last batch takes every slice to its end.
 */
export async function* linksBetween(
  store: Pick<EventStore, "readLog">,
  from: ReadonlyMap<number, Position>,
  to: ReadonlyMap<number, Position>,
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<readonly Link[]> {
  const at = new Map(from);
  const [lowest = ""] = [...to.keys()].map((slice) => at.get(slice) ?? "").sort();
  const end = highest(to);
  const targets = new Set(to.values());
  const landmarks = new Map<Position, Landmark>();
  let position = lowest;
  while (position < end && !signal.aborted) {
    const page = await store.readLog(position, limit);
    if (page.events.length === 0) break;
    position = page.next;
    for (const event of page.events)
      if (targets.has(event.position)) landmarks.set(event.position, landmarkOf(event));
    const links = page.events.flatMap((event): Link[] => {
      const { slice } = event;
      const previous = at.get(slice) ?? "";
      if (event.position <= previous || event.position > (to.get(slice) ?? "")) return [];
      at.set(slice, event.position);
      return [{ slice, position: event.position, previous, event: linkedEvent(event) }];
    });
    if (links.length > 0) yield links;
  }
  const watermarks = [...to].flatMap(([slice, target]): Link[] => {
    const previous = at.get(slice) ?? "";
    return previous < target ? [{ slice, position: target, previous, landmark: landmarks.get(target) }] : [];
  });
  if (watermarks.length > 0 && !signal.aborted) yield watermarks;
}

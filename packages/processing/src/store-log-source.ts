import { type EventStore, type LogPage, type Position, START } from "@taem/event-store";
import { SLICES } from "@taem/kernel";
import { type EventSource, type Link, linkedEvent, type Outage } from "./event-source.ts";
import { landmarkOf } from "./landmark.ts";

/** The store's global log as an event source: one reader for all slices, and a watermark for each after every page. */
export function storeLogSource(store: Pick<EventStore, "follow">): EventSource {
  let outage: Outage | undefined;
  const onFailure = (failure: unknown) => {
    const since = outage?.since ?? performance.now();
    outage = failure === undefined ? undefined : { since, reason: (failure as Error).message };
  };
  return {
    outage: () => outage,
    async *read({ checkpoints, limit, signal }) {
      // Whoever is behind the others finds a gap in the first link and reads it up from the store, by its slice alone.
      const start = highest(checkpoints);
      const previous = new Array<Position>(SLICES).fill(start);
      // Not with the next event: it may be long in coming.
      const behind = previous.flatMap((position, slice): Link[] =>
        (checkpoints.get(slice) ?? START) < start ? [{ slice, position, previous: position }] : [],
      );
      if (behind.length > 0) yield { links: behind, hasMore: false };
      for await (const page of store.follow(start, { limit, signal, onFailure })) {
        yield { links: linksOf(page, previous), hasMore: page.events.length === limit };
      }
    },
  };
}

/** Moves `previous` on. */
function linksOf(page: LogPage, previous: Position[]): Link[] {
  const links: Link[] = [];
  for (const event of page.events) {
    const { slice, position } = event;
    links.push({ slice, position, previous: previous[slice] as Position, event: linkedEvent(event) });
    previous[slice] = position;
  }
  const last = page.events.at(-1);
  const landmark = last && landmarkOf(last);
  for (let slice = 0; slice < SLICES; slice++) {
    if (previous[slice] === page.next) continue;
    links.push({ slice, position: page.next, previous: previous[slice] as Position, landmark });
    previous[slice] = page.next;
  }
  return links;
}

/** START sorts before every position. */
export function highest(checkpoints: ReadonlyMap<number, Position>): Position {
  let position = START;
  for (const checkpoint of checkpoints.values()) if (checkpoint > position) position = checkpoint;
  return position;
}

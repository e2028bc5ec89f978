import { SLICES } from "@taem/contracts";
import { type EventStore, type LogPage, type Position, START } from "@taem/event-store";
import type { EventSource, Link } from "./event-source.ts";

/** The store's global log as an event source: one reader for all slices, and a watermark for each after every page. */
export function storeLogSource(store: Pick<EventStore, "follow">): EventSource {
  return {
    async *read({ checkpoints, limit, signal }) {
      // Whoever is behind the others finds a gap in the first link and reads it up from the store, by its slice alone.
      const start = highest(checkpoints);
      const previous = new Array<Position>(SLICES).fill(start);
      for await (const page of store.follow(start, { limit, signal })) yield linksOf(page, previous);
    },
  };
}

/** Moves `previous` on. */
function linksOf(page: LogPage, previous: Position[]): Link[] {
  const links: Link[] = [];
  for (const event of page.events) {
    const { slice, position } = event;
    links.push({ slice, position, previous: previous[slice] as Position, event });
    previous[slice] = position;
  }
  for (let slice = 0; slice < SLICES; slice++) {
    if (previous[slice] === page.next) continue;
    links.push({ slice, position: page.next, previous: previous[slice] as Position });
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

/**
 * What a slice holds above `after`, from the store, page by page as links; the last one is a watermark at `upTo` where
 * the store has nothing that far.
 */
export async function* sliceLinks(
  store: Pick<EventStore, "readLog">,
  slice: number,
  after: Position,
  upTo: Position,
  limit: number,
): AsyncIterable<readonly Link[]> {
  let previous = after;
  while (previous < upTo) {
    const page = await store.readLog(previous, limit, { slices: [slice] });
    const links: Link[] = [];
    for (const event of page.events) {
      links.push({ slice, position: event.position, previous, event });
      previous = event.position;
    }
    if (page.events.length === 0) {
      links.push({ slice, position: upTo, previous });
      previous = upTo;
    }
    yield links;
  }
}

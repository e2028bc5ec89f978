import type { Batch, Link } from "./event-source.ts";

/** Where one of several readers stands in a window. */
export interface Place {
  /** Number of the batch that it takes next. */
  batch: number;
  /** How many of that batch's links it has taken. */
  links: number;
}

/** The last batches of a reading, for several readers that take them at a pace of their own. Holds a bounded number of links. */
export class BatchWindow {
  readonly #mostLinks: number;
  readonly #batches: Batch[] = [];
  #links = 0;
  #first = 0;

  constructor(mostLinks: number) {
    this.#mostLinks = mostLinks;
  }

  /** Number of the first batch that is here. */
  get first(): number {
    return this.#first;
  }

  /** Number of the batch that comes next. */
  get next(): number {
    return this.#first + this.#batches.length;
  }

  /** Makes room for it as is needed: whoever has not taken what goes has fallen out. */
  push(batch: Batch): void {
    this.#batches.push(batch);
    this.#links += batch.links.length;
    while (this.#links > this.#mostLinks && this.#batches.length > 1) this.#drop();
  }

  /** Forgets what lies before a batch. */
  trim(before: number): void {
    while (this.#first < before && this.#batches.length > 0) this.#drop();
  }

  /** What comes at a place, with as many events as a batch may have, and moves the place on. Undefined at the end. */
  take(place: Place, limit: number): Batch | undefined {
    const parts: (readonly Link[])[] = [];
    let room = limit;
    let hasMore = false;
    while (room > 0 && place.batch < this.next) {
      const batch = this.#batches[place.batch - this.#first] as Batch;
      const part = head(batch.links.slice(place.links), room);
      parts.push(part);
      room -= countEvents(part);
      place.links += part.length;
      hasMore = batch.hasMore;
      if (place.links < batch.links.length) break;
      place.batch++;
      place.links = 0;
    }
    if (parts.length === 0) return undefined;
    return { links: parts.flat(), hasMore: hasMore || place.batch < this.next };
  }

  #drop(): void {
    this.#links -= (this.#batches.shift() as Batch).links.length;
    this.#first++;
  }
}

/** So many events of it at most, with the watermarks behind the last. */
function head(links: readonly Link[], events: number): readonly Link[] {
  let left = events;
  const end = links.findIndex(({ event }) => event !== undefined && left-- === 0);
  return end === -1 ? links : links.slice(0, end);
}

function countEvents(links: readonly Link[]): number {
  return links.reduce((count, { event }) => (event === undefined ? count : count + 1), 0);
}

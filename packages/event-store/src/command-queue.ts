import type { Item } from "./command.ts";

/** Commands by their streams, in the order in which they came. */
export type ByStream = ReadonlyMap<string, readonly Item[]>;

type Line = Map<string, Item[]>;

/** What was taken together. */
interface Flight {
  /** Those of its streams that were not given back. */
  readonly underWay: Line;
  /** What has come for them meanwhile. */
  readonly held: Line;
}

/**
 * Commands that wait, by their streams. A stream whose commands have been taken is under way until it is given back: what comes
 * for it meanwhile waits for that, and holds up no other stream.
 *
 * No map or set here outlives by much what it was filled with. One that does is laid out anew again and again, and V8 keeps each
 * layout reachable from the one before: once one has grown old, all that come after it do, with the commands and requests in them,
 * until the next full collection.
 */
export class CommandQueue {
  #ready: Line = new Map();
  /** What has been given back to be taken again, before all else. */
  #again: Line = new Map();
  readonly #flights: Flight[] = [];
  #waiting = 0;
  #heldCount = 0;
  #taken = 0;

  /** Commands that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Commands that have been taken and not given back. */
  get taken(): number {
    return this.#taken;
  }

  /** Those that could be taken now. */
  get ready(): number {
    return this.#waiting - this.#heldCount;
  }

  add(item: Item): void {
    const { stream } = item.command;
    const flight = this.#flightOf(stream);
    const line = flight?.held ?? (this.#again.has(stream) ? this.#again : this.#ready);
    const items = line.get(stream);
    if (items === undefined) line.set(stream, [item]);
    else items.push(item);
    this.#waiting++;
    if (flight !== undefined) this.#heldCount++;
  }

  /** So many commands at most, of streams that are not under way. What is given back of them is so no longer. */
  take(limit: number): ByStream {
    const flight: Flight = { underWay: new Map(), held: new Map() };
    let room = limit;
    if (this.#again.size > 0) {
      [this.#again, room] = taken(this.#again, flight, room);
    }
    [this.#ready, room] = taken(this.#ready, flight, room);
    for (const held of flight.held.values()) this.#heldCount += held.length;
    this.#waiting -= limit - room;
    this.#taken += limit - room;
    this.#flights.push(flight);
    return new Map(flight.underWay);
  }

  /** A stream is not under way any more; those of its commands that are to be taken `again` come before those that waited. */
  giveBack(stream: string, again: readonly Item[] = []): void {
    const flight = this.#flightOf(stream);
    if (flight === undefined) return;
    const { underWay, held } = flight;
    this.#taken -= underWay.get(stream)?.length ?? 0;
    underWay.delete(stream);
    if (underWay.size === 0) this.#flights.splice(this.#flights.indexOf(flight), 1);
    const waited = held.get(stream) ?? [];
    this.#heldCount -= waited.length;
    this.#waiting += again.length;
    if (again.length > 0) this.#again.set(stream, [...again, ...waited]);
    else if (waited.length > 0) this.#ready.set(stream, waited);
  }

  *underWay(): Generator<Item> {
    for (const { underWay } of this.#flights) for (const items of underWay.values()) yield* items;
  }

  /** Takes out the commands that wait and are past their deadline. */
  takeOverdue(now: number): Item[] {
    const overdue: Item[] = [];
    const isOverdue = ({ command }: Item) => now >= command.deadline;
    const takeFrom = (line: Line): void => {
      for (const [stream, items] of line) {
        if (!items.some(isOverdue)) continue;
        const left = items.filter((item) => !isOverdue(item));
        overdue.push(...items.filter(isOverdue));
        if (left.length > 0) line.set(stream, left);
        else line.delete(stream);
      }
    };
    for (const { held } of this.#flights) takeFrom(held);
    this.#heldCount -= overdue.length;
    takeFrom(this.#again);
    takeFrom(this.#ready);
    this.#waiting -= overdue.length;
    return overdue;
  }

  #flightOf(stream: string): Flight | undefined {
    return this.#flights.find(({ underWay }) => underWay.has(stream));
  }
}

/** Moves so many commands at most from a line into a flight: what is left of the line, and how many more there is room for. */
function taken(line: Line, { underWay, held }: Flight, limit: number): [left: Line, room: number] {
  const left: Line = new Map();
  let room = limit;
  for (const [stream, items] of line) {
    if (room === 0) left.set(stream, items);
    else {
      const part = items.length <= room ? items : items.splice(0, room);
      room -= part.length;
      underWay.set(stream, part);
      // What was more than could be taken at once.
      if (part !== items) held.set(stream, items);
    }
  }
  return [left, room];
}

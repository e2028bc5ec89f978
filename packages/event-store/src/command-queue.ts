import type { Item } from "./command.ts";

/** Commands by their streams, in the order in which they came. */
export type ByStream = ReadonlyMap<string, readonly Item[]>;

/**
 * Commands that wait, by their streams. A stream whose commands have been taken is under way until it is given back: what comes
 * for it meanwhile waits for that, and holds up no other stream.
 */
export class CommandQueue {
  readonly #ready = new Map<string, Item[]>();
  /** What has been given back to be taken again, before all else. */
  readonly #again = new Map<string, Item[]>();
  /** Behind what is under way, or is to be taken again. */
  readonly #held = new Map<string, Item[]>();
  readonly #underWay = new Map<string, readonly Item[]>();
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

  get isIdle(): boolean {
    return this.#waiting + this.#underWay.size === 0;
  }

  add(item: Item): void {
    const { stream } = item.command;
    const isHeld = this.#underWay.has(stream) || this.#again.has(stream);
    const line = isHeld ? this.#held : this.#ready;
    const items = line.get(stream);
    if (items === undefined) line.set(stream, [item]);
    else items.push(item);
    this.#waiting++;
    if (isHeld) this.#heldCount++;
  }

  /** So many commands at most, of streams that are not under way. */
  take(limit: number): ByStream {
    const taken = new Map<string, Item[]>();
    let room = limit;
    for (const line of [this.#again, this.#ready]) {
      for (const [stream, items] of line) {
        if (room <= 0) break;
        const part = items.length <= room ? items : items.splice(0, room);
        line.delete(stream);
        if (part !== items) this.#hold(stream, items);
        room -= part.length;
        taken.set(stream, part);
        this.#underWay.set(stream, part);
      }
    }
    this.#waiting -= limit - room;
    this.#taken += limit - room;
    return taken;
  }

  /** A stream is not under way any more; those of its commands that are to be taken `again` come before those that waited. */
  giveBack(stream: string, again: Item[] = []): void {
    this.#taken -= this.#underWay.get(stream)?.length ?? 0;
    this.#underWay.delete(stream);
    if (again.length === 0) return this.#letGo(stream);
    this.#again.set(stream, again);
    this.#waiting += again.length;
  }

  *underWay(): Generator<Item> {
    for (const items of this.#underWay.values()) yield* items;
  }

  /** Takes out the commands that wait and are past their deadline. */
  takeOverdue(now: number): Item[] {
    const overdue: Item[] = [];
    const isOverdue = ({ command }: Item) => now >= command.deadline;
    for (const line of [this.#ready, this.#held, this.#again]) {
      for (const [stream, items] of line) {
        if (!items.some(isOverdue)) continue;
        const left = items.filter((item) => !isOverdue(item));
        overdue.push(...items.filter(isOverdue));
        if (line === this.#held) this.#heldCount -= items.length - left.length;
        if (left.length > 0) line.set(stream, left);
        else line.delete(stream);
        if (left.length === 0 && line === this.#again) this.#letGo(stream);
      }
    }
    this.#waiting -= overdue.length;
    return overdue;
  }

  /** The rest of commands that were more than could be taken at once. */
  #hold(stream: string, rest: readonly Item[]): void {
    this.#held.set(stream, [...rest, ...(this.#held.get(stream) ?? [])]);
    this.#heldCount += rest.length;
  }

  #letGo(stream: string): void {
    const held = this.#held.get(stream);
    if (held === undefined) return;
    this.#held.delete(stream);
    this.#heldCount -= held.length;
    this.#ready.set(stream, held);
  }
}

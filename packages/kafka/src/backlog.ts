import type { EventStore } from "@taem/event-store";
import { areInLog, type Link, landmarkAt } from "@taem/processing";

/** What came of a partition at once, in its order. */
export interface Received {
  readonly partition: number;
  /** Of the first message, and of the one that the partition will get next. */
  readonly firstOffset: bigint;
  readonly highWatermark: bigint;
  readonly links: readonly Link[];
}

/**
 * Whether a backlog is of the log as it is now. A log that was restored from an older backup has lost what a topic may still
 * tell of, and has other events there. What lay in a partition before this reader came is compared: a relay begins with the
 * position where it stands, so what one log told and what another did are apart there by a step back, and where the last of
 * a part is in the log, so is all of it. What comes afterwards is told by a relay that has compared its log itself.
 */
export class Backlog {
  readonly #store: Pick<EventStore, "read" | "head">;
  /** By partition: what lies before is the backlog. */
  readonly #ends = new Map<number, bigint>();

  constructor(store: Pick<EventStore, "read" | "head">) {
    this.#store = store;
  }

  /** The links but for those that the log has not. */
  async inLog({ partition, firstOffset, highWatermark, links }: Received): Promise<readonly Link[]> {
    const end = this.#ends.get(partition) ?? highWatermark;
    this.#ends.set(partition, end);
    if (firstOffset >= end || links.length === 0) return links;
    const parts = partsOf(links);
    const ends = parts.map((part) => part.findLastIndex((link) => landmarkAt(link) !== undefined));
    const areGood = await this.#areGood(parts.map((part, i) => part[ends[i] as number]));
    const found = parts.map(async (part, i) => {
      const proven = areGood[i] === true ? (ends[i] as number) + 1 : 0;
      const rest = part.slice(proven);
      return rest.length === 0 ? part : [...part.slice(0, proven), ...(await this.#sifted(rest))];
    });
    return (await Promise.all(found)).flat();
  }

  /** One by one: what cannot be told apart is left to the chain, as long as it does not lie beyond the log. */
  async #sifted(part: readonly Link[]): Promise<readonly Link[]> {
    const head = await this.#store.head();
    const areGood = await this.#areGood(part);
    return part.filter(({ position }, i) => areGood[i] ?? position <= head);
  }

  /** Of what says which event it is at whether the log has that; undefined of the others. */
  async #areGood(links: readonly (Link | undefined)[]): Promise<(boolean | undefined)[]> {
    const marks = links.map((link) => link && landmarkAt(link));
    const known = marks.flatMap((mark) => mark ?? []);
    const areThere = known.length === 0 ? [] : await areInLog(this.#store, known);
    let next = 0;
    return marks.map((mark) => (mark === undefined ? undefined : areThere[next++]));
  }
}

/** Cut wherever a position is below the one before it. */
function partsOf(links: readonly Link[]): Link[][] {
  const parts: Link[][] = [];
  let last: Link | undefined;
  for (const link of links) {
    if (last === undefined || link.position < last.position) parts.push([link]);
    else (parts.at(-1) as Link[]).push(link);
    last = link;
  }
  return parts;
}

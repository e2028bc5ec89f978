import { type EventStore, type Position, START } from "@taem/event-store";
import { headReaching, type Link } from "@taem/processing";

/** Where the log ends, as far as it is known; looked up where something lies beyond. */
export class LogEnd {
  readonly #store: Pick<EventStore, "head">;
  #end: Position = START;
  /** What its positions look like. */
  #form = /^$/;
  #looked: Promise<void> = Promise.resolve();

  constructor(store: Pick<EventStore, "head">) {
    this.#store = store;
  }

  /** The links whose positions are the log's, and not beyond its end. */
  async reached(links: readonly Link[]): Promise<readonly Link[]> {
    if (links.every((link) => this.#has(link))) return links;
    // One after the other: what one finds is mostly what the next was to look for.
    const looked = this.#looked.then(() => this.#lookFor(links));
    this.#looked = looked.catch(() => undefined);
    await looked;
    return links.filter((link) => this.#has(link));
  }

  #has({ position, previous }: Link): boolean {
    return (
      position <= this.#end &&
      previous <= position &&
      this.#form.test(position) &&
      (previous === START || this.#form.test(previous))
    );
  }

  async #lookFor(links: readonly Link[]): Promise<void> {
    const beyond = links.filter((link) => !this.#has(link)).map(({ position }) => position);
    const furthest = beyond.sort().at(-1);
    if (furthest === undefined) return;
    this.#end = await headReaching(this.#store, furthest);
    // Of constant width, with digits where its last has digits.
    this.#form = new RegExp(`^${this.#end.replaceAll(/\d/g, "\\d")}$`);
  }
}

import { setImmediate } from "node:timers/promises";
import { type EventStore, type Position, START } from "@taem/event-store";
import { headReaching, type Link } from "@taem/processing";

/** Where the log ends, as far as it is known; looked up where something lies beyond. */
export class LogEnd {
  readonly #store: Pick<EventStore, "head">;
  #end: Position = START;
  /** What its positions look like. */
  #form = /^$/;
  /** A look that is about to begin. */
  #look: Promise<void> | undefined;

  constructor(store: Pick<EventStore, "head">) {
    this.#store = store;
  }

  /** The links whose positions are the log's, and not beyond its end. */
  async reached(links: readonly Link[]): Promise<readonly Link[]> {
    if (links.every((link) => this.#has(link))) return links;
    // One for all that came by now: one that is under way may have been begun before these were written.
    this.#look ??= this.#lookNext();
    await this.#look;
    const furthest = links
      .filter((link) => !this.#has(link))
      .map(({ position }) => position)
      .sort()
      .at(-1);
    if (furthest === undefined) return links;
    this.#take(await headReaching(this.#store, furthest));
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

  async #lookNext(): Promise<void> {
    await setImmediate();
    this.#look = undefined;
    this.#take(await this.#store.head());
  }

  #take(head: Position): void {
    // It may be less than before: a log can be restored.
    this.#end = head;
    // Of constant width, with digits where its last has digits.
    this.#form = new RegExp(`^${head.replaceAll(/\d/g, "\\d")}$`);
  }
}

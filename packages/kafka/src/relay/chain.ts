import type { LogPage, Position, RecordedEvent } from "@taem/event-store";
import { type Landmark, landmarkOf, type Reach } from "@taem/processing";

/** An event with the position of the one before it in its slice. */
export interface ChainedEvent {
  readonly event: RecordedEvent;
  readonly previous: Position;
}

/** Says that a slice holds nothing between `previous` and `position`. */
export interface Watermark {
  readonly slice: number;
  readonly position: Position;
  readonly previous: Position;
  /** The event at the position; undefined until the first page since an earlier program told of the log. */
  readonly landmark: Landmark | undefined;
}

/** A slice that has fallen behind the log's head is told so this soon. */
const BEHIND_MS = 1_000;
/** And one that has not is told again this often: whoever lost what came before finds out, however quiet it is. */
const REPEAT_MS = 5_000;

/** Forms the log into one chain for each slice: every link names the one before it. */
export class Chain {
  position: Position;
  /** Position of the newest event of each slice. */
  readonly newest: Position[];
  /** The newest event up to the position that is known by its id. */
  landmark: Landmark | undefined;
  readonly #lastSent: { position: Position; at: number }[];

  constructor({ position, landmark }: Reach, newest: readonly Position[]) {
    this.position = position;
    this.landmark = landmark;
    this.newest = [...newest];
    this.#lastSent = newest.map(() => ({ position: "", at: Number.NEGATIVE_INFINITY }));
  }

  /** Adds a page of the log. `now` is any clock in milliseconds that does not go back. */
  add({ events, next }: LogPage, now: number): ChainedEvent[] {
    const chained = events.map((event) => {
      const previous = this.newest[event.slice] as Position;
      this.newest[event.slice] = event.position;
      this.#lastSent[event.slice] = { position: event.position, at: now };
      return { event, previous };
    });
    const last = events.at(-1);
    if (last !== undefined) this.landmark = landmarkOf(last);
    this.position = next;
    return chained;
  }

  /** For the slices that have not been told for too long. */
  watermarks(now: number): Watermark[] {
    const landmark = this.landmark?.position === this.position ? this.landmark : undefined;
    return this.newest.flatMap((previous, slice) => {
      const { position, at } = this.#lastSent[slice] as { position: Position; at: number };
      const patience = position < this.position ? BEHIND_MS : REPEAT_MS;
      if (this.position === "" || now - at < patience) return [];
      this.#lastSent[slice] = { position: this.position, at: now };
      return [{ slice, position: this.position, previous, landmark }];
    });
  }
}

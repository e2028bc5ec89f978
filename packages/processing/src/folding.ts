import { eventMissing } from "@taem/event-store";
import type { DomainEvent } from "@taem/schema";
import type { EventRecord, LinkedEvent } from "./event-source.ts";
import { type Parked, parkedAt } from "./parking.ts";
import type { Fold, ProjectedEvent, Projection } from "./projection.ts";

/** A fold that parks the streams it cannot go on with: what failed and what follows it is not in the fold. */
export class Folding {
  readonly fold: Fold;
  /** By stream. */
  readonly parked = new Map<string, Parked>();
  readonly #projection: Projection;
  readonly #mayPark: (parked: Parked) => void;
  /** Of the last event of each stream: the next one follows on it, or the stream is damaged. */
  readonly #revisions = new Map<string, number>();

  /** `mayPark` throws to refuse. */
  constructor(projection: Projection, mayPark: (parked: Parked) => void = () => {}) {
    this.#projection = projection;
    this.#mayPark = mayPark;
    this.fold = projection.begin();
  }

  /** Adds events, in log order. */
  async add(linked: readonly LinkedEvent[]): Promise<void> {
    const events = this.#decodeAll(linked);
    await this.#projection.prepare(events);
    for (const projected of events) {
      const { record } = projected;
      const failed = this.parked.get(record.stream);
      if (failed !== undefined && failed.position <= record.position) continue;
      try {
        this.fold.add(projected);
      } catch (error) {
        this.#park(record, error);
      }
    }
  }

  #decodeAll(linked: readonly LinkedEvent[]): ProjectedEvent[] {
    const events: ProjectedEvent[] = [];
    for (const one of linked) {
      const { record } = one;
      const before = this.#revisions.get(record.stream);
      this.#revisions.set(record.stream, record.revision);
      if (before !== undefined && record.revision !== before + 1) {
        this.#park(record, eventMissing(record.stream, before + 1));
        continue;
      }
      if (!this.#projection.handles(record.type)) continue;
      const event = this.#decoded(one);
      if (event !== undefined)
        events.push({ record, event, actor: () => one.provenance.actor, provenance: () => one.provenance });
    }
    return events;
  }

  #decoded(linked: LinkedEvent): DomainEvent | undefined {
    try {
      return linked.decode(this.#projection.catalogue.events);
    } catch (error) {
      this.#park(linked.record, error);
      return undefined;
    }
  }

  #park(record: EventRecord, error: unknown): void {
    // What does not decode is found before what does not fold, which may come earlier in the stream.
    const known = this.parked.get(record.stream);
    if (known !== undefined && known.position <= record.position) return;
    const stream = parkedAt(record, error);
    this.#mayPark(stream);
    this.parked.set(stream.key, stream);
  }
}

import type { Position, RecordedEvent } from "@taem/event-store";
import {
  type Catalogue,
  categoryOf,
  type DomainEvent,
  decodeProvenance,
  type EventTypes,
  type Provenance,
} from "@taem/schema";
import { type Landmark, landmarkOf } from "./landmark.ts";

/** Where an event stands in the log, without what it says. */
export type EventRecord = Omit<RecordedEvent, "data" | "meta">;

/** An event as a source brings it. */
export interface LinkedEvent {
  readonly record: EventRecord;
  /** Who asked for it, and what led to it; read only when it is asked for, and once. */
  readonly provenance: Provenance;
  /** Whether it is one of these, in a version that is known. */
  isKnown(events: EventTypes): boolean;
  /** What it says, if it is one of these; read once, however many ask. Throws `ContractViolation`. */
  decode(events: EventTypes): DomainEvent;
}

/**
 * One link of a slice's chain: an event, or, without one, a watermark, which says that the slice holds nothing between
 * `previous` and `position`. Every link names the one before it, so that a reader sees when one is missing.
 */
export interface Link {
  readonly slice: number;
  readonly position: Position;
  /** The slice holds no event above this position and below `position`. */
  readonly previous: Position;
  readonly event?: LinkedEvent;
  /** Of a watermark: the event at its position, of whatever slice, where the source knows it. */
  readonly landmark?: Landmark | undefined;
}

/** The events of links. */
export function* eventsOf(links: readonly Link[]): Generator<LinkedEvent> {
  for (const { event } of links) if (event !== undefined) yield event;
}

/** The event at a link's position; undefined where nobody has said. */
export function landmarkAt({ event, landmark }: Link): Landmark | undefined {
  return event === undefined ? landmark : landmarkOf(event.record);
}

/** What a source brings at a time. */
export interface Batch {
  /** Never empty. */
  readonly links: readonly Link[];
  /** Whether the source held back more of what was there when it made this one. */
  readonly hasMore: boolean;
  /**
   * To be called when this one and all before it are done with, by a source that brings them again otherwise: after the reader
   * has begun anew.
   */
  readonly done?: (() => void) | undefined;
}

export interface SourceOptions {
  /** Where the reader stands in each slice; a slice not named is read from its start. */
  readonly checkpoints: ReadonlyMap<number, Position>;
  /** Events in a batch at most. */
  readonly limit: number;
  /** Ends the reading. */
  readonly signal: AbortSignal;
}

/** Why a source brings nothing at the moment. */
export interface Outage {
  /** Of `performance.now`. */
  readonly since: number;
  readonly reason: string;
}

/**
 * Where a projector reads events from. Order is promised within a slice and nowhere else. Links may come again, and
 * one that lies behind others may be missing (a transport keeps days, not years): `judge` says what to do with each.
 */
export interface EventSource {
  /**
   * Batches for ever, as they come. The next one is made when it is asked for. Survives a restart of what it reads from.
   */
  read(options: SourceOptions): AsyncIterable<Batch>;
  /** Why nothing can be read at the moment, of a source that waits until it can; undefined while there is nothing but silence. */
  readonly outage?: () => Outage | undefined;
}

/**
 * What a link means to a reader who has everything of its slice up to `checkpoint`. `gap`: what lies between the
 * checkpoint and `previous` is missing, and is to be had from the store.
 */
export function judge(link: Link, checkpoint: Position): "apply" | "ignore" | "gap" {
  if (link.position <= checkpoint) return "ignore";
  // A checkpoint beyond `previous` stands where a watermark was: nothing lies between the two.
  return link.previous <= checkpoint ? "apply" : "gap";
}

/**
 * A link as a reader of these categories has it: an event of any other is a watermark, whether or not it is known, so that no
 * new category stops an old reader. `unknown` is one that the reader would have to know.
 */
export function readIn({ categories }: Catalogue, link: Link): Link | "unknown" {
  const { event } = link;
  if (event === undefined) return link;
  const category = categories.get(categoryOf(event.record.stream) ?? "");
  if (category !== undefined) return event.isKnown(category.events) ? link : "unknown";
  const { slice, position, previous } = link;
  return { slice, position, previous, landmark: landmarkOf(event.record) };
}

/** An event of the store, as a link has it. */
export function linkedEvent(record: RecordedEvent): LinkedEvent {
  return new StoredEvent(record);
}

/** One object an event: a log is long, and every reader of it makes these. */
class StoredEvent implements LinkedEvent {
  readonly record: RecordedEvent;
  #decoded: DomainEvent | undefined;
  #provenance: Provenance | undefined;

  constructor(record: RecordedEvent) {
    this.record = record;
  }

  get provenance(): Provenance {
    this.#provenance ??= decodeProvenance(this.record.meta);
    return this.#provenance;
  }

  isKnown(events: EventTypes): boolean {
    return events.isKnown(this.record);
  }

  decode(events: EventTypes): DomainEvent {
    this.#decoded ??= events.decode(this.record);
    return this.#decoded;
  }
}

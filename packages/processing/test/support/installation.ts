import { randomUUID } from "node:crypto";
import type { EventStore } from "@taem/event-store";
import { openPostgresEventStore } from "@taem/event-store-postgres";
import { type Database, openPool } from "@taem/postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import { defineEvents, type EventIn, integer, streamOf, text } from "@taem/schema";

export interface Installation extends AsyncDisposable {
  readonly url: string;
  readonly database: Database;
  readonly store: EventStore;
}

/** A database with an empty event store. */
export async function openInstallation(): Promise<Installation> {
  await using undo = new AsyncDisposableStack();
  const { url } = undo.use(await createTestDatabase());
  const database = undo.use(openPool({ url, max: 8, applicationName: "projection-test" }));
  const store = undo.use(await openPostgresEventStore({ database }));
  const opened = undo.move();
  return { url, database, store, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const descriptions = { NumberAdded: { member: text, number: integer } } as const;

export type NumberAdded = EventIn<typeof descriptions>;

export const numbers = { name: "member", owner: "stream", events: defineEvents(descriptions) } as const;

/** Streams of events that each carry one number. */
export class Numbers {
  readonly #store: EventStore;
  readonly #revisions = new Map<string, number>();

  constructor(store: EventStore) {
    this.#store = store;
  }

  /** Appends a number to each of the streams of a slice named, creating them as needed. */
  async append(
    slice: number,
    ...added: readonly (readonly [stream: string, number: number])[]
  ): Promise<void> {
    for (const [member, number] of added) {
      const stream = streamOf(numbers, member);
      const revision = this.#revisions.get(stream) ?? 0;
      const event = { type: "NumberAdded", member, number } as const;
      await this.appendRaw(stream, slice, revision, event.type, numbers.events.encode(event));
    }
  }

  async appendRaw(
    stream: string,
    slice: number,
    expectedRevision: number,
    type: string,
    data: string,
    version = 1,
  ): Promise<void> {
    const meta = `{"actor":"test","correlation":"test","v":${version}}`;
    const events = [{ id: randomUUID(), type, data, meta }];
    const [result] = await this.#store.append([{ stream, slice, expectedRevision, events }]);
    if (result?.ok !== true) throw new Error(`conflict on ${stream}`);
    this.#revisions.set(stream, expectedRevision + 1);
  }
}

import type { Aggregate, EventStore } from "@taem/event-store";
import type { DomainEvent } from "@taem/schema";

/** Those of the ids that there are, in their order, as the log has them now: one round trip. */
export async function readAll<State, E extends DomainEvent>(
  store: Pick<EventStore, "read">,
  { events: known, initial, evolve }: Aggregate<State | undefined, E>,
  streamOf: (id: string) => string,
  ids: readonly string[],
): Promise<readonly State[]> {
  const streams = await store.read(ids.map((id) => ({ stream: streamOf(id), afterRevision: 0 })));
  const states = streams.map(({ events }) =>
    events.map((event) => known.decode(event)).reduce(evolve, initial()),
  );
  return states.filter((state) => state !== undefined);
}

import { type EventStore, eventsOrDamage, StreamDamaged } from "@taem/event-store";

/**
 * Those of parked streams that are of a programme, by its id. Of one whose very first event is parked there is no row to say so: the
 * event's text does, though it cannot be decoded.
 */
export async function parkedOfProgramme(
  store: Pick<EventStore, "read">,
  streams: readonly string[],
  programme: string,
): Promise<readonly string[]> {
  if (streams.length === 0) return [];
  const found = await store.read(streams.map((stream) => ({ stream, afterRevision: 0, limit: 1 })));
  const said = `"programme":${JSON.stringify(programme)}`;
  return streams.filter((_, i) => {
    const events = eventsOrDamage(found[i]);
    return !(events instanceof StreamDamaged) && events[0]?.data.includes(said) === true;
  });
}

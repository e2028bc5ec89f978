import type { EventStore } from "@taem/event-store";
import { evolveProgramme, type Programme } from "@taem/programme/definitions";
import { definitionEvents, programmeStream } from "@taem/programme/events";

/** A programme as it was defined by a position of the log; undefined if it was not yet. */
export async function programmeAt(
  store: Pick<EventStore, "read">,
  id: string,
  position: string,
): Promise<Programme | undefined> {
  const [stream] = await store.read([{ stream: programmeStream(id), afterRevision: 0 }]);
  return (stream?.events ?? [])
    .filter((record) => record.position <= position)
    .map((record) => definitionEvents.decode(record))
    .reduce<Programme | undefined>(evolveProgramme, undefined);
}

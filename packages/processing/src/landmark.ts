import {
  type EventStore,
  eventsOrDamage,
  type ReadRequest,
  type RecordedEvent,
  StreamDamaged,
} from "@taem/event-store";

/** An event by which a log is known again. A log is only appended to: where one of its events stands, so do all before it. */
export type Landmark = Pick<RecordedEvent, "position" | "stream" | "revision" | "id">;

export function landmarkOf({ position, stream, revision, id }: Landmark): Landmark {
  return { position, stream, revision, id };
}

const STREAM = /^taem\.[!-~]{1,200}$/;
const MAX_REVISION = 2 ** 31 - 1;

/** Of each whether the log has that very event there. */
export async function areInLog(
  store: Pick<EventStore, "read">,
  landmarks: readonly Landmark[],
): Promise<boolean[]> {
  // What a topic says may be anything.
  const possible = landmarks.filter(
    ({ stream, revision }) => STREAM.test(stream) && revision >= 1 && revision <= MAX_REVISION,
  );
  const requests = possible.map(
    ({ stream, revision }): ReadRequest => ({ stream, afterRevision: revision - 1, limit: 1 }),
  );
  const found = await store.read(requests);
  const there = new Set(
    possible.filter(({ id, position }, i) => {
      const events = eventsOrDamage(found[i]);
      const event = events instanceof StreamDamaged ? undefined : events[0];
      return event !== undefined && event.id === id && event.position === position;
    }),
  );
  return landmarks.map((landmark) => there.has(landmark));
}

import { decodeEvent, type TaemEvent } from "@taem/contracts";
import type { RecordedEvent } from "@taem/event-store";
import { type Parked, parkedAt } from "./parking.ts";
import type { Fold, ProjectedEvent, Projection } from "./projection.ts";

export interface Folded {
  readonly fold: Fold;
  /** Streams with an event that cannot be projected; it and what follows it are not in the fold. */
  readonly parked: readonly Parked[];
}

/** Folds events in log order. `mayPark` throws to refuse. */
export async function foldEvents(
  projection: Projection,
  records: readonly RecordedEvent[],
  mayPark: (parked: Parked) => void = () => {},
): Promise<Folded> {
  const parked = new Map<string, Parked>();
  const park = (record: RecordedEvent, error: unknown) => {
    // What does not decode is found before what does not fold, which may come earlier in the stream.
    const known = parked.get(record.stream);
    if (known !== undefined && known.position <= record.position) return;
    const stream = parkedAt(record, error);
    mayPark(stream);
    parked.set(stream.key, stream);
  };
  const events = decodeAll(projection, records, park);
  await projection.prepare(events);
  const fold = projection.begin();
  for (const projected of events) {
    const failed = parked.get(projected.record.stream);
    if (failed !== undefined && failed.position <= projected.record.position) continue;
    try {
      fold.add(projected);
    } catch (error) {
      park(projected.record, error);
    }
  }
  return { fold, parked: [...parked.values()] };
}

function decodeAll(
  projection: Projection,
  records: readonly RecordedEvent[],
  park: (record: RecordedEvent, error: unknown) => void,
): ProjectedEvent[] {
  const events: ProjectedEvent[] = [];
  for (const record of records) {
    if (!projection.handles(record.type)) continue;
    const event = decoded(record, park);
    if (event !== undefined) events.push({ record, event });
  }
  return events;
}

function decoded(
  record: RecordedEvent,
  park: (record: RecordedEvent, error: unknown) => void,
): TaemEvent | undefined {
  try {
    return decodeEvent(record.type, record.data);
  } catch (error) {
    park(record, error);
    return undefined;
  }
}

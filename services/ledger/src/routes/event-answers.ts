import { metaCodec } from "@taem/contracts";
import type { RecordedEvent } from "@taem/event-store";
import { fields } from "@taem/http";
import { z } from "zod";
import { readableData } from "../queries/readable-event.ts";

const { formatInstant, instant } = fields;

export const eventItem = z.strictObject({
  id: z.string(),
  type: z.string(),
  stream: z.string(),
  revision: z.int(),
  position: z.string(),
  slice: z.int(),
  recordedAt: instant,
  /** Schema version of the data. */
  version: z.int(),
  /** Principal of the API key that asked for it. */
  actor: z.string(),
  correlation: z.string(),
  causation: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
});

/** An event as it was recorded, decoded. */
export function eventBody(record: RecordedEvent): z.input<typeof eventItem> {
  const { v, actor, correlation, causation } = metaCodec.decode(record.meta);
  return {
    id: record.id,
    type: record.type,
    stream: record.stream,
    revision: record.revision,
    position: record.position,
    slice: record.slice,
    recordedAt: formatInstant(record.recordedAt),
    version: v,
    actor,
    correlation,
    ...(causation === undefined ? {} : { causation }),
    data: readableData(record.type, record.data),
  };
}

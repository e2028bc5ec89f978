import type { RecordedEvent } from "@taem/event-store";
import { fields } from "@taem/http";
import { decodeMeta } from "@taem/schema";
import type { z } from "zod";
import { readableData } from "../queries/readable-event.ts";
import type { eventItem } from "./account-queries.ts";

const { formatInstant } = fields;

/** An event as it was recorded, decoded. */
export function eventBody(record: RecordedEvent): z.input<typeof eventItem> {
  const { v, actor, correlation, causation } = decodeMeta(record.meta);
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
    data: readableData(record.type, v, record.data),
  };
}

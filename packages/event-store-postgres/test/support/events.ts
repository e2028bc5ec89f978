import { randomUUID } from "node:crypto";
import type { Append, NewEvent } from "@taem/event-store";

export const newStream = (): string => `taem.account-${randomUUID()}`;

export const newEvent = (data = "{}"): NewEvent => ({
  id: randomUUID(),
  type: "PointsEarned",
  data,
  meta: "{}",
});

export function appendOf(count: number, expectedRevision = 0, stream = newStream()): Append {
  return {
    stream,
    slice: 0,
    expectedRevision,
    events: Array.from({ length: count }, (_, i) => newEvent(`"${i}"`)),
  };
}

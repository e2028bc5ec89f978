import { hash } from "node:crypto";
import {
  type EventStore,
  eventMissing,
  type LogAudit,
  type LogDamage,
  type RecordedEvent,
} from "@taem/event-store";
import { DigestTable } from "@taem/kernel";
import { ProjectionError } from "./projection-error.ts";

/**
 * Whether each event that is read of a log, from its start on, follows in its stream on the one before it. Some 30 bytes a stream;
 * what is read once more is nothing new.
 */
export class StreamOrder {
  readonly #revisions = new DigestTable();

  /** Throws `StreamDamaged` where the stream has events before this one that were not read. */
  check({ stream, revision }: Pick<RecordedEvent, "stream" | "revision">): void {
    const digest = hash("sha256", stream, "buffer");
    const known = this.#revisions.get(digest) ?? 0;
    if (revision > known + 1) throw eventMissing(stream, known + 1);
    if (revision > known) this.#revisions.set(digest, revision);
  }
}

/** The log, as far as the store can tell whether it is as it was written. Reading throws `event_log_damaged`. */
export function auditedLog(
  store: Pick<EventStore, "readLog"> & Partial<LogAudit>,
): Pick<EventStore, "readLog"> {
  if (store.verifyPage === undefined) return store;
  return {
    async readLog(after, limit) {
      const page = await store.verifyPage?.(after, limit);
      if (page === undefined) return { events: [], next: after };
      const { events, next, damage } = page;
      // What is sound before it comes first.
      if (damage === undefined || events.length > 0) return { events, next };
      throw new ProjectionError(
        "event_log_damaged",
        `the log ${whatOf(damage)} at position ${damage.position}: stop the services, and compare it with a backup of the event store`,
      );
    },
  };
}

function whatOf(damage: LogDamage): string {
  if (damage.kind === "missing") return "has no event";
  const { type, revision, stream } = damage.event;
  return `has another event than was written (${type}, event ${revision} of ${stream})`;
}

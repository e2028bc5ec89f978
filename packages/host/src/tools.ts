import { createHmac, type KeyObject } from "node:crypto";
import type { CommandHandler, EventStore } from "@taem/event-store";
import type { Clock, Logger, Metrics } from "@taem/runtime";
import { streamOf, UNIQUE } from "@taem/schema";

/** What a context needs to find things out. */
export interface ReadTools {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Names unique values (external ids, programme-wide keys) in the log; the same on every instance, for ever. */
  readonly hmacKey: KeyObject;
}

/** What a context needs to write. */
export interface WriteTools extends ReadTools {
  readonly handler: CommandHandler;
  /** Ids of ours, in the order of their making. */
  readonly newId: () => string;
}

/** The stream of a value that must be unique in its scope; the value itself never reaches the log. */
export function uniqueStreamOf(hmacKey: KeyObject, ...parts: readonly string[]): string {
  return streamOf(UNIQUE, createHmac("sha256", hmacKey).update(parts.join("\u0000")).digest("hex"));
}

import { hash } from "node:crypto";
import type { NewEvent } from "@taem/event-store";

/**
 * SHA-256, in hexadecimal, over everything the writer says about an event. Fields are framed as netstrings, so that no two events have
 * the same framing. Made before the event leaves the process: what is altered in the database later does not match.
 */
export function eventDigest(stream: string, revision: number, event: NewEvent): string {
  const fields = [stream, String(revision), event.id, event.type, event.data, event.meta];
  let framed = "taem.event.1";
  for (const field of fields) framed += `${Buffer.byteLength(field)}:${field},`;
  return hash("sha256", framed, "hex");
}

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

const SEALED_BYTES = 48;

/**
 * SHA-256, in hexadecimal, over a digest and what the log gave the event: its position and when it was recorded, each as
 * 8 bytes, big-endian. As the server seals it when it appends.
 */
export function sealOf(digest: string, position: bigint, recordedAt: number): string {
  const sealed = Buffer.allocUnsafe(SEALED_BYTES);
  sealed.write(digest, "hex");
  sealed.writeBigInt64BE(position, 32);
  sealed.writeBigInt64BE(BigInt(recordedAt), 40);
  return hash("sha256", sealed, "hex");
}

import { randomUUID } from "node:crypto";
import { v7 } from "uuid";

/**
 * A UUIDv7: names a thing of ours (account, order, hold). Later ids sort after earlier ones, which keeps
 * indexes dense.
 */
export function newId(): string {
  return v7();
}

/** A random UUIDv4: identifies one event, decision or request, and tells nothing about when it was made. */
export function randomId(): string {
  return randomUUID();
}

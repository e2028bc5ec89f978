import { createHmac, type KeyObject } from "node:crypto";
import type { EventStore } from "@taem/event-store";
import { sliceOfName } from "@taem/kernel";
import { newId, randomId } from "@taem/runtime";
import { ContractViolation } from "@taem/schema";
import { INSTALLATION_STREAM, type InstallationNamed, installation } from "./installation-events.ts";

/** Whose log it is, as its first event of `INSTALLATION_STREAM` says. */
export type LogName = InstallationNamed;

/** No name of a unique value is an HMAC of it: those are of several parts with NUL between them. */
const CHECKED_TEXT = "taem: check value of the HMAC key";

/** Tells an HMAC key again without telling it: the HMAC-SHA-256 of a fixed text under it, in hexadecimal. */
export function checkValueOf(hmacKey: KeyObject): string {
  return createHmac("sha256", hmacKey).update(CHECKED_TEXT).digest("hex");
}

/** Undefined where the log has no name: nobody has begun it, or a version of the program did that gave none. */
export async function readLogName(store: Pick<EventStore, "read">): Promise<LogName | undefined> {
  const [stream] = await store.read([{ stream: INSTALLATION_STREAM, afterRevision: 0, limit: 1 }]);
  const [first] = stream?.events ?? [];
  if (first === undefined) return undefined;
  if (installation.events.has(first.type)) return installation.events.decode(first);
  throw new ContractViolation(`${INSTALLATION_STREAM} event 1`, "the name of the log");
}

/** Gives the log its name unless it has one; either way, the name that stands. */
export async function nameLog(store: Pick<EventStore, "append" | "read">, name: LogName): Promise<LogName> {
  const meta = installation.events.encodeMeta(name.type, { actor: "taem", correlation: newId() });
  const event = { id: randomId(), type: name.type, data: installation.events.encode(name), meta };
  const slice = sliceOfName(INSTALLATION_STREAM);
  const [result] = await store.append([
    { stream: INSTALLATION_STREAM, slice, expectedRevision: 0, events: [event] },
  ]);
  if (result?.ok === true) return name;
  if (result?.refused !== undefined) throw result.refused;
  // Another process was first.
  return (await readLogName(store)) as LogName;
}

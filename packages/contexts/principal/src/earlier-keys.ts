import type { EventStore } from "@taem/event-store";
import type { PermissionTable } from "@taem/http";
import { sliceOfName } from "@taem/kernel";
import { newId, randomId } from "@taem/runtime";
import { type ClientEvent, clientEvents, clientStream } from "./events.ts";
import { type KeyDatabase, SCHEMA } from "./key-uses.ts";

interface Row {
  readonly key_id: string;
  readonly secret_hash: Uint8Array;
  readonly name: string;
  readonly programme: string | null;
  readonly scopes: readonly string[];
  readonly revoked_at: unknown;
}

/**
 * Makes a client of every API key that was kept in a table before the log held them. The client's id is the key's, so that
 * the source of its commands is still `api-<key id>` and its retries find what they did; it may name any system, as it
 * could. A client that is there already is left alone. Returns how many were made.
 */
export async function adoptEarlierKeys(
  database: KeyDatabase,
  store: Pick<EventStore, "read" | "append">,
  permissions: PermissionTable,
): Promise<number> {
  const { rows } = await database.query<Row>(
    `SELECT key_id, secret_hash, name, programme, scopes, revoked_at FROM ${SCHEMA}.api_keys ORDER BY key_id`,
  );
  if (rows.length === 0) return 0;
  const existing = await store.read(
    rows.map(({ key_id }) => ({ stream: clientStream(key_id), afterRevision: 0, limit: 1 })),
  );
  const missing = rows.filter((_, i) => existing[i]?.events.length === 0);
  if (missing.length === 0) return 0;
  const correlation = newId();
  const results = await store.append(
    missing.map((row) => {
      const stream = clientStream(row.key_id);
      const events = eventsOf(row, permissions).map((event) => ({
        id: randomId(),
        type: event.type,
        data: clientEvents.encode(event),
        meta: clientEvents.encodeMeta(event.type, { actor: ACTOR, correlation }),
      }));
      return { stream, slice: sliceOfName(stream), expectedRevision: 0, events };
    }),
  );
  const refused = results.find((result) => !result.ok && result.refused !== undefined);
  if (refused !== undefined && !refused.ok) throw refused.refused as Error;
  // What another process has made in the same moment is a conflict here, and done.
  return results.filter(({ ok }) => ok).length;
}

const ACTOR = "upgrade (taem)";
const ANY_SYSTEM = ["*"];

function eventsOf(
  { key_id: client, secret_hash, name, programme, scopes, revoked_at }: Row,
  permissions: PermissionTable,
): ClientEvent[] {
  const created: ClientEvent = {
    type: "ClientCreated",
    client,
    name,
    ...(programme === null ? {} : { programme }),
    permissions: permissions.named(scopes),
    systems: ANY_SYSTEM,
  };
  const secretHash = Buffer.from(secret_hash).toString("hex");
  const key: ClientEvent = { type: "ApiKeyCreated", client, key: 1, secretHash };
  return revoked_at === null ? [created, key] : [created, key, { type: "ApiKeyRevoked", client, key: 1 }];
}

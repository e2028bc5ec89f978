import type { ClientEvent } from "./events.ts";
import type { Refusal } from "./problems.ts";

/** One client and its API keys: a fold of its stream, and what may be done to it. Pure; instants are milliseconds. */
export interface Client {
  readonly id: string;
  readonly name: string;
  readonly programme: string | null;
  readonly permissions: readonly string[];
  readonly systems: readonly string[] | null;
  readonly isRevoked: boolean;
  /** By ordinal. */
  readonly keys: ReadonlyMap<number, ApiKey>;
}

export interface ApiKey {
  readonly no: number;
  /** SHA-256 of the secret, in hexadecimal. */
  readonly secretHash: string;
  /** Undefined = it lasts. */
  readonly expiresAt: number | undefined;
  /** Networks that it may be used from; undefined = any. */
  readonly addresses: readonly string[] | undefined;
  readonly isRevoked: boolean;
}

/** Live keys that one client has at most: a rotation needs two. */
const MAX_LIVE_KEYS = 20;

export type ClientDecision = { readonly events: readonly ClientEvent[] } | Refusal;

/** What a new key is given; its secret stays with whoever made it. */
export type NewKey = Pick<ApiKey, "secretHash" | "expiresAt" | "addresses">;

export type NewClient = Pick<Client, "name" | "programme" | "permissions" | "systems">;

export function evolveClient(client: Client | undefined, event: ClientEvent): Client {
  if (event.type === "ClientCreated") {
    const { client: id, name, programme = null, permissions, systems = null } = event;
    return { id, name, programme, permissions, systems, isRevoked: false, keys: new Map() };
  }
  if (client === undefined) throw new Error(`${event.type} of a client that was never created`);
  switch (event.type) {
    case "ClientChanged":
      return { ...client, permissions: event.permissions, systems: event.systems ?? null };
    case "ClientRevoked":
      return { ...client, isRevoked: true };
    case "ApiKeyCreated": {
      const { key: no, secretHash, expiresAt, addresses } = event;
      return withKey(client, { no, secretHash, expiresAt, addresses, isRevoked: false });
    }
    case "ApiKeyExpirySet":
      return withKey(client, { ...keyOf(client, event.key), expiresAt: event.expiresAt });
    case "ApiKeyRevoked":
      return withKey(client, { ...keyOf(client, event.key), isRevoked: true });
  }
}

export function isLive(client: Client, key: ApiKey, now: number): boolean {
  return !client.isRevoked && !key.isRevoked && (key.expiresAt === undefined || now < key.expiresAt);
}

/** Creates the client, with its first key if one is given. */
export function createClient(
  id: string,
  { name, programme, permissions, systems }: NewClient,
  key: NewKey | undefined,
): ClientDecision {
  const created: ClientEvent = {
    type: "ClientCreated",
    client: id,
    name,
    permissions,
    ...(programme === null ? {} : { programme }),
    ...(systems === null ? {} : { systems }),
  };
  return { events: key === undefined ? [created] : [created, keyCreated(id, 1, key)] };
}

/** What it may do from now on; saying what stands changes nothing. */
export function changeClient(
  client: Client | undefined,
  { permissions, systems }: Pick<NewClient, "permissions" | "systems">,
): ClientDecision {
  return onExisting(client, (existing) => {
    const isSame = [...existing.permissions].sort().join() === [...permissions].sort().join();
    if (isSame && existing.systems?.join() === systems?.join()) return { events: [] };
    const changed: ClientEvent = {
      type: "ClientChanged",
      client: existing.id,
      permissions,
      ...(systems === null ? {} : { systems }),
    };
    return { events: [changed] };
  });
}

export function revokeClient(client: Client | undefined): ClientDecision {
  if (client?.isRevoked) return { events: [] };
  return onExisting(client, ({ id }) => ({ events: [{ type: "ClientRevoked", client: id }] }));
}

export function createKey(client: Client | undefined, key: NewKey, now: number): ClientDecision {
  return onExisting(client, (existing) => {
    const live = [...existing.keys.values()].filter((one) => isLive(existing, one, now)).length;
    if (live >= MAX_LIVE_KEYS) {
      return {
        refused: "too_many_keys",
        detail: `the client has ${live} API keys that are neither over nor revoked`,
      };
    }
    return { events: [keyCreated(existing.id, existing.keys.size + 1, key)] };
  });
}

/** A new key takes the place of one, which lives on until `endsAt` at the latest. */
export function rotateKey(
  client: Client | undefined,
  replaced: number,
  key: NewKey,
  { now, endsAt }: { readonly now: number; readonly endsAt: number },
): ClientDecision {
  return onKey(client, replaced, (existing, old) => {
    if (!isLive(existing, old, now))
      return { refused: "key_unknown", detail: `API key ${replaced} is over or revoked: create a new one` };
    const made = createKey(existing, key, now);
    if ("refused" in made) return made;
    const expiresAt = Math.min(endsAt, old.expiresAt ?? endsAt);
    const ending: ClientEvent = { type: "ApiKeyExpirySet", client: existing.id, key: replaced, expiresAt };
    return { events: [...made.events, ending] };
  });
}

export function revokeKey(client: Client | undefined, no: number): ClientDecision {
  return onKey(client, no, ({ id }, key) => ({
    events: key.isRevoked ? [] : [{ type: "ApiKeyRevoked", client: id, key: no }],
  }));
}

function onExisting(
  client: Client | undefined,
  decide: (existing: Client) => ClientDecision,
): ClientDecision {
  if (client === undefined) return { refused: "client_unknown", detail: "there is no such client" };
  if (client.isRevoked) return { refused: "client_revoked", detail: "the client is revoked, for ever" };
  return decide(client);
}

function onKey(
  client: Client | undefined,
  no: number,
  decide: (existing: Client, key: ApiKey) => ClientDecision,
): ClientDecision {
  return onExisting(client, (existing) => {
    const key = existing.keys.get(no);
    if (key === undefined) return { refused: "key_unknown", detail: `the client has no API key ${no}` };
    return decide(existing, key);
  });
}

function keyCreated(client: string, no: number, { secretHash, expiresAt, addresses }: NewKey): ClientEvent {
  return {
    type: "ApiKeyCreated",
    client,
    key: no,
    secretHash,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(addresses === undefined ? {} : { addresses }),
  };
}

function keyOf(client: Client, no: number): ApiKey {
  const key = client.keys.get(no);
  if (key === undefined) throw new Error(`client ${client.id} has no API key ${no}`);
  return key;
}

function withKey(client: Client, key: ApiKey): Client {
  return { ...client, keys: new Map(client.keys).set(key.no, key) };
}

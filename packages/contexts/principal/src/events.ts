import {
  type Category,
  defineEvents,
  type EventIn,
  instant,
  integer,
  list,
  optional,
  streamOf,
  text,
} from "@taem/schema";

/**
 * Events of one client: a program that calls the API, and the API keys that it has had. A client outlives its keys.
 * Permissions are open texts here: a reader gives nothing for one that it does not know.
 */
const descriptions = {
  ClientCreated: {
    client: text,
    /** Fixed: with the client's id it is the actor of what the client does. */
    name: text,
    /** Code of the only programme that it reaches; absent = the whole installation. */
    programme: optional(text),
    permissions: list(text),
    /** Source systems that it may name; `*` = any. Absent = any that no programme has declared as its own. */
    systems: optional(list(text)),
  },
  /** What it may do from now on, as a whole. */
  ClientChanged: { client: text, permissions: list(text), systems: optional(list(text)) },
  /** For ever, with all its keys. */
  ClientRevoked: { client: text },
  ApiKeyCreated: {
    client: text,
    /** Ordinal of the key within its client, from 1. */
    key: integer,
    /** SHA-256 of the secret, in hexadecimal; the secret itself is kept nowhere. */
    secretHash: text,
    /** From this instant on it is no key; absent = it lasts. */
    expiresAt: optional(instant),
    /** Networks (CIDR) that it may be used from; absent = any. */
    addresses: optional(list(text)),
  },
  /** A key that another takes the place of lives on until this instant. */
  ApiKeyExpirySet: { client: text, key: integer, expiresAt: instant },
  ApiKeyRevoked: { client: text, key: integer },
} as const;

export const clientEvents = defineEvents(descriptions);

export type ClientEventType = keyof typeof descriptions;
export type ClientEvent<T extends ClientEventType = ClientEventType> = EventIn<typeof descriptions, T>;

export const client: Category<ClientEvent> = { name: "client", owner: "stream", events: clientEvents };

export function clientStream(id: string): string {
  return streamOf(client, id);
}

/**
 * Events of one person who works with the product. What somebody is called, and how to reach them, is in none of them. Roles
 * are open texts here, as permissions are.
 */
const personDescriptions = {
  PersonAdded: {
    person: text,
    /** What the employer's own books know the person by, such as a staff number: no name, address or phone number. */
    label: optional(text),
  },
  /** In one programme, by its code; absent = in the whole installation. */
  RoleGranted: { person: text, role: text, programme: optional(text) },
  RoleWithdrawn: { person: text, role: text, programme: optional(text) },
  /** For ever. */
  PersonDeactivated: { person: text },
} as const;

export const personEvents = defineEvents(personDescriptions);

export type PersonEvent = EventIn<typeof personDescriptions>;

export const person: Category<PersonEvent> = { name: "person", owner: "stream", events: personEvents };

export function personStream(id: string): string {
  return streamOf(person, id);
}

import { cursor, cutSchema, fields, isNetwork, PermissionTable } from "@taem/http";
import { z } from "zod";
import type { permissions as own } from "../permissions.ts";
import { MANAGES_PEOPLE } from "./people.ts";

const { displayName, instant, programmeCode, systemName } = fields;

const clientId = fields.textField<string>({
  id: "ClientId",
  description: "Id of a client: the first part of its tokens.",
  pattern: "^[0-9a-f]{16}$",
  examples: ["5f1c2a0b9d8e7f60"],
  problems: ["malformed_id"],
  decode: (text) =>
    /^[0-9a-f]{16}$/.test(text) ? text : new fields.Fault("malformed_id", "must be 16 hexadecimal digits"),
  encode: (id) => id,
});

const keyNumber = fields.textField<number>({
  id: "ApiKeyNumber",
  description: "Number of an API key within its client, from 1.",
  pattern: "^[1-9][0-9]{0,5}$",
  examples: ["2"],
  problems: ["malformed_id"],
  decode: (text) =>
    /^[1-9][0-9]{0,5}$/.test(text)
      ? Number(text)
      : new fields.Fault("malformed_id", "must be a number from 1"),
  encode: String,
});

const network = fields.textField<string>({
  id: "Network",
  description: "An address, or a range of them (CIDR).",
  examples: ["192.0.2.0/24"],
  problems: ["malformed_value"],
  decode: (text) =>
    isNetwork(text) ? text : new fields.Fault("malformed_value", "must be an address or a CIDR range"),
  encode: (text) => text,
});

/** An actor is told as `name (id)`. */
const clientName = displayName.refine((name) => !fields.isLikeAnActor(name), {
  message: "must not look like the id of a client: leave (...) out",
  params: { problem: "value_not_allowed" },
});

/** Whoever has it makes clients, and gives it to none of them. */
export const MAKES_CLIENTS: keyof typeof own = "clients";

/** A choice of the permissions that there are: each process says which, by its own contexts. */
export function permissionsAmong(table: PermissionTable) {
  const { names, approving } = table;
  const listed = (some: readonly string[]) => some.map((name) => `\`${name}\``).join(", ");
  const asking = approving.flatMap((name) => table.get(name)?.approves ?? []);
  return z
    .array(z.enum(names))
    .max(names.length)
    .meta({
      description:
        `At most what the caller has itself, never ${listed(approving)} or ${listed([MAKES_CLIENTS, MANAGES_PEOPLE])}, and not what asks ` +
        `(${listed(asking)}) where the caller may agree to it (${listed(approving)}).`,
    });
}

const rights = {
  permissions: permissionsAmong(new PermissionTable()),
  systems: z
    .array(z.union([systemName, z.literal("*")]))
    .max(100)
    .optional()
    .meta({
      description:
        "Source systems that the client may name, `*` = any; left out = any that no programme has declared as its own. At most what the caller may name itself.",
    }),
};

const terms = {
  expiresAt: instant
    .optional()
    .meta({ description: "Exclusive, by the server's time: from this instant on it is no API key." }),
  addresses: z
    .array(network)
    .min(1)
    .max(100)
    .optional()
    .meta({ description: "Networks that the API key may be used from; left out = any." }),
};

const clientAnswer = z.strictObject({
  client: z.string(),
  name: z.string(),
  programme: z.string().nullable().meta({
    description: "The only programme that it reaches; null = the whole installation.",
  }),
  permissions: z.array(z.string()),
  systems: z.array(z.string()).nullable().meta({
    description:
      "Source systems that it may name, `*` = any; null = any that no programme has declared as its own.",
  }),
  revoked: z.boolean(),
  keys: z.array(
    z.strictObject({
      key: z.int(),
      expiresAt: instant.nullable().meta({
        description:
          "Exclusive, by the server's time: from this instant on it is no API key; null = never. A client may reach " +
          "programmes of any zone: there is no last day of it.",
      }),
      addresses: z
        .array(z.string())
        .nullable()
        .meta({ description: "Networks that it may be used from; null = any." }),
      revoked: z.boolean(),
      lastUsedAt: instant.nullable().meta({
        description: "To a minute or so; null = never, as far as is known.",
      }),
    }),
  ),
});

const keyAnswer = z.strictObject({
  client: z.string(),
  key: z.int(),
  token: z.string().meta({ description: "Shown this once, and kept nowhere." }),
});

const PATH = "/v1/clients";
const CLIENT = `${PATH}/{client}` as const;
const declared = { permission: "clients", tag: "clients" } as const;
const writing = ["overloaded", "outcome_unknown", "conflict_retry_exhausted", "value_not_allowed"] as const;
const client = { client: clientId };
const made = { 201: { description: "The API key, with its token.", schema: keyAnswer } };
const asItIs = { 200: { description: "The client as it is now.", schema: clientAnswer } };

/** The programs that call the API, as whoever may manage them does so. What may not be granted here, an operator can. */
export const clientRoutes = {
  create: {
    ...declared,
    method: "POST",
    path: PATH,
    summary: "Create a client with its first API key",
    description:
      "Of the caller's programme, where it is of one. If the answer is lost, so is the token: create another API key.",
    body: z.strictObject({
      name: clientName.meta({
        description: "What the client is called, for ever: with its id, the actor of what it does.",
      }),
      programme: programmeCode.optional(),
      ...rights,
      ...terms,
    }),
    responses: made,
    problems: ["programme_unknown", ...writing],
  },
  list: {
    ...declared,
    method: "GET",
    path: PATH,
    summary: "The clients that the caller may manage, with their API keys, never the secrets",
    description:
      "By their ids: of the caller's programme, where it is of one, else all. One that was made a moment ago may not be " +
      "among them yet, unless asked with `consistency=strong`; asked for by its id it is there at once.",
    query: {
      consistency: fields.consistency,
      limit: fields.pageSize(20, 100),
      cursor: cursor(z.tuple([z.string().regex(/^[0-9a-f]{16}$/)])).optional(),
    },
    responses: {
      200: {
        description: "A page of clients.",
        schema: z.strictObject({ cut: cutSchema, items: z.array(clientAnswer), next: z.string().optional() }),
      },
    },
    problems: ["read_model_behind"],
  },
  client: {
    ...declared,
    method: "GET",
    path: CLIENT,
    summary: "A client with its API keys, never their secrets",
    params: client,
    responses: asItIs,
    problems: ["client_unknown", "overloaded", "outcome_unknown", "conflict_retry_exhausted"],
  },
  change: {
    ...declared,
    method: "PUT",
    path: CLIENT,
    summary: "Give a client these permissions and systems in place of what it has",
    description: "Takes effect within seconds.",
    params: client,
    body: z.strictObject(rights),
    responses: asItIs,
    problems: ["client_unknown", "client_revoked", ...writing],
  },
  revoke: {
    ...declared,
    method: "POST",
    path: `${CLIENT}/revoke`,
    summary: "Revoke a client and all its API keys, for ever",
    description: "Takes effect within seconds.",
    params: client,
    responses: asItIs,
    problems: ["client_unknown", ...writing],
  },
  createKey: {
    ...declared,
    method: "POST",
    path: `${CLIENT}/keys`,
    summary: "Create another API key of a client",
    params: client,
    body: z.strictObject(terms),
    responses: made,
    problems: ["client_unknown", "client_revoked", "too_many_keys", ...writing],
  },
  rotateKey: {
    ...declared,
    method: "POST",
    path: `${CLIENT}/keys/{key}/rotate`,
    summary: "Create an API key that takes the place of another",
    description:
      "Both work until the overlap is over. The new one has the networks of the other unless told.",
    params: { ...client, key: keyNumber },
    body: z.strictObject({
      overlapSeconds: z
        .int()
        .min(0)
        .max(31_536_000)
        .default(86_400)
        .meta({ description: "How long the other still works." }),
      ...terms,
    }),
    responses: made,
    problems: ["client_unknown", "client_revoked", "key_unknown", "too_many_keys", ...writing],
  },
  revokeKey: {
    ...declared,
    method: "POST",
    path: `${CLIENT}/keys/{key}/revoke`,
    summary: "Revoke an API key",
    description: "Takes effect within seconds.",
    params: { ...client, key: keyNumber },
    responses: asItIs,
    problems: ["client_unknown", "client_revoked", "key_unknown", ...writing],
  },
} as const;

export type ClientAnswer = z.input<typeof clientAnswer>;
export type KeyAnswer = z.input<typeof keyAnswer>;

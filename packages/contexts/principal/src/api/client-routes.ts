import { rethrow } from "@taem/host";
import {
  ApiError,
  type AuthenticatedContext,
  actorOf,
  fields,
  type PermissionTable,
  type Principal,
  type Route,
  route,
} from "@taem/http";
import type { Client, NewClient } from "../client.ts";
import { type ClientAsking, type Clients, type MintedKey, readClients } from "../clients.ts";
import type { Asking } from "../deciding.ts";
import { PrincipalError, type Refusal } from "../problems.ts";
import { clientsProjection } from "../read-model/clients-projection.ts";
import { clientsAfter } from "../read-model/principals-after.ts";
import { keyId } from "../token.ts";
import {
  type ClientAnswer,
  clientRoutes as described,
  type KeyAnswer,
  MAKES_CLIENTS,
  permissionsAmong,
} from "./clients.ts";
import { Listing, type ListTools } from "./listing.ts";
import { MANAGES_PEOPLE } from "./people.ts";

export interface ClientRoutesOptions {
  readonly clients: Clients;
  /** When API keys were last used, in milliseconds since the epoch. */
  readonly lastUses: (keys: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  /** Those that there are to give. */
  readonly permissions: PermissionTable;
}

/** Clients, managed by a client: within its programme, and with no more than it has itself. */
export function clientRoutes(options: ClientRoutesOptions): Route[] {
  const { clients, lastUses, permissions } = options;
  const given = { permissions: permissionsAmong(permissions) };
  const asksOfEqual = (context: AuthenticatedContext, wanted: Rights = NO_RIGHTS) =>
    asksWithin(permissions, context, wanted);
  const answer = async (client: Client) => {
    const uses = await lastUses(keyIdsOf(client));
    return { status: 200 as const, body: bodyOf(client, uses) };
  };
  return [
    route({
      ...described.create,
      body: described.create.body.extend(given),
      handler: async ({ body }, context) => {
        const { name, programme = onlyOne(context.principal), systems = null } = body;
        const client: NewClient = { name, programme, permissions: body.permissions, systems };
        if (!reaches(context.principal, client)) throw new ApiError("programme_unknown");
        const excess = excessOf(permissions, context.principal, client);
        if (excess !== undefined) throw new PrincipalError(excess.refused, { detail: excess.detail });
        return made(await clients.create(client, askingOf(context), termsOf(body)).catch(rethrow));
      },
    }),
    route({
      ...described.client,
      handler: async ({ params }, context) => {
        const client = await clients.find(params.client, asksOfReached(context)).catch(rethrow);
        if (client === undefined) throw new PrincipalError("client_unknown");
        return answer(client);
      },
    }),
    route({
      ...described.change,
      body: described.change.body.extend(given),
      handler: async ({ params, body }, context) => {
        const wanted = { permissions: body.permissions, systems: body.systems ?? null };
        const asking = asksOfEqual(context, wanted);
        return answer(await clients.change(params.client, wanted, asking).catch(rethrow));
      },
    }),
    route({
      ...described.revoke,
      handler: async ({ params }, context) =>
        answer(await clients.revoke(params.client, asksOfReached(context)).catch(rethrow)),
    }),
    route({
      ...described.createKey,
      handler: async ({ params, body }, context) =>
        made(await clients.createKey(params.client, asksOfEqual(context), termsOf(body)).catch(rethrow)),
    }),
    route({
      ...described.rotateKey,
      handler: async ({ params, body }, context) => {
        const rotated = { client: params.client, no: params.key };
        const overlapMs = body.overlapSeconds * 1000;
        return made(
          await clients.rotateKey(rotated, overlapMs, asksOfEqual(context), termsOf(body)).catch(rethrow),
        );
      },
    }),
    route({
      ...described.revokeKey,
      handler: async ({ params }, context) => {
        const key = { client: params.client, no: params.key };
        return answer(await clients.revokeKey(key, asksOfReached(context)).catch(rethrow));
      },
    }),
  ];
}

/** Who there is comes from a read model, what each is from its own stream. */
export function clientListRoute(tools: ListTools): Route {
  const { store, lastUses } = tools;
  const listing = new Listing(tools, clientsProjection(), clientsAfter);
  return route({
    ...described.list,
    handler: async ({ query }, context) => {
      const { items, ...rest } = await listing.page(query, context);
      const clients = await readClients(store, items).catch(rethrow);
      const reached = clients.filter((client) => reaches(context.principal, client));
      const uses = await lastUses(reached.flatMap(keyIdsOf));
      return { status: 200, body: { items: reached.map((client) => bodyOf(client, uses)), ...rest } };
    },
  });
}

/** One that is bound to programmes knows of no clients but theirs. */
function reaches({ programmes }: Principal, { programme }: Pick<Client, "programme">): boolean {
  return programmes === null || (programme !== null && programmes.includes(programme));
}

/** The programme meant by one that reaches no other. */
function onlyOne({ programmes }: Principal): string | null {
  return programmes?.length === 1 ? (programmes[0] as string) : null;
}

type Rights = Pick<Client, "permissions" | "systems">;

/**
 * Permissions that a client gives to no other: with one of those that approve, or with its own to make clients or manage people,
 * one that asks could make itself the second who approves. Nor does who approves make somebody who asks, and be both of the two.
 */
function keptBy(table: PermissionTable, permissions: readonly string[]): readonly (string | undefined)[] {
  return [
    ...table.approving,
    MAKES_CLIENTS,
    MANAGES_PEOPLE,
    ...permissions.map((name) => table.get(name)?.approves),
  ];
}

/** Refuses rights that the caller does not have itself, or gives to nobody. */
function excessOf(
  table: PermissionTable,
  { permissions, systems }: Principal,
  wanted: Rights,
): Refusal | undefined {
  const kept = keptBy(table, permissions);
  const grantable = permissions.filter((permission) => !kept.includes(permission));
  const excess = wanted.permissions.find((permission) => !grantable.includes(permission));
  if (excess !== undefined) {
    const detail = `permissions: the caller cannot give ${excess}; an operator can, by \`taem client create\` or \`change\``;
    return { refused: "forbidden", detail };
  }
  if (systems === null ? isWithinUnclaimed(wanted.systems) : isWithin(systems, wanted.systems)) return;
  return { refused: "forbidden", detail: "systems: the caller may not name all of them itself" };
}

function isWithinUnclaimed(wanted: readonly string[] | null): boolean {
  return wanted === null || wanted.length === 0;
}

function isWithin(own: readonly string[], wanted: readonly string[] | null): boolean {
  if (own.includes("*")) return true;
  return wanted?.every((system) => own.includes(system)) ?? false;
}

/** Asks of a client that the caller reaches. */
function asksOfReached(context: AuthenticatedContext): ClientAsking {
  return { ...askingOf(context), refusal: (client) => unreached(context.principal, client) };
}

/**
 * Asks of one that has no more than the caller may give. What it may not have made it may not have a key of, either, nor
 * make less, to have that afterwards.
 */
function asksWithin(table: PermissionTable, context: AuthenticatedContext, wanted: Rights): ClientAsking {
  const { principal } = context;
  const refusal = (client: Client) =>
    unreached(principal, client) ?? excessOf(table, principal, client) ?? excessOf(table, principal, wanted);
  return { ...askingOf(context), refusal };
}

const NO_RIGHTS: Rights = { permissions: [], systems: [] };

function unreached(principal: Principal, client: Client): Refusal | undefined {
  if (reaches(principal, client)) return undefined;
  return { refused: "client_unknown", detail: "there is no such client" };
}

function askingOf({ principal, correlationId, deadline }: AuthenticatedContext): Asking {
  return { actor: actorOf(principal), correlation: correlationId, deadline };
}

function termsOf({
  expiresAt,
  addresses,
}: {
  readonly expiresAt?: number | undefined;
  readonly addresses?: readonly string[] | undefined;
}) {
  return { expiresAt, addresses };
}

function made({ key: { client, no }, token }: MintedKey): { readonly status: 201; readonly body: KeyAnswer } {
  return { status: 201, body: { client, key: no, token } };
}

function keyIdsOf({ id, keys }: Client): string[] {
  return [...keys.keys()].map((no) => keyId({ client: id, no }));
}

/** `uses`: when each key was last used. */
function bodyOf(client: Client, uses: ReadonlyMap<string, number>): ClientAnswer {
  return {
    client: client.id,
    name: client.name,
    programme: client.programme,
    permissions: [...client.permissions],
    systems: client.systems === null ? null : [...client.systems],
    revoked: client.isRevoked,
    keys: [...client.keys.values()].map(({ no, expiresAt, addresses, isRevoked }) => ({
      key: no,
      expiresAt: instantOrNull(expiresAt),
      addresses: addresses === undefined ? null : [...addresses],
      revoked: isRevoked || client.isRevoked,
      lastUsedAt: instantOrNull(uses.get(keyId({ client: client.id, no }))),
    })),
  };
}

function instantOrNull(at: number | undefined): string | null {
  return at === undefined ? null : fields.formatInstant(at);
}

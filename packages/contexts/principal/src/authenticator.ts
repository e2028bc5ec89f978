import { timingSafeEqual } from "node:crypto";
import type { EventStore, RecordedEvent } from "@taem/event-store";
import {
  ApiError,
  type ApiKeys,
  networksOf,
  type PermissionTable,
  type Principal,
  type Wanted,
} from "@taem/http";
import type { Clock } from "@taem/runtime";
import { LRUCache } from "lru-cache";
import { type ApiKey, type Client, evolveClient, isLive } from "./client.ts";
import { clientEvents, clientStream } from "./events.ts";
import type { KeyUses } from "./key-uses.ts";
import { Remembered } from "./remembered.ts";
import { hashSecret, type KeyName, keyId, parseToken } from "./token.ts";

const MAX_PROVED = 10_000;

export interface AuthenticatorOptions {
  readonly store: Pick<EventStore, "read">;
  /** Those that there are: others that a client was given, by a newer version perhaps, count for nothing. */
  readonly permissions: PermissionTable;
  /** Server time, by which keys end. */
  readonly clock: Clock;
  /** Milliseconds that never go back. */
  readonly elapsed?: () => number;
  /** Told of every use; without it nobody knows when a key was last used. */
  readonly uses?: Pick<KeyUses, "note"> | undefined;
}

/** What is remembered of a client. */
interface Known {
  readonly client: Client;
  /** By ordinal: made when a key is first used. */
  readonly holders: Map<number, Holder>;
}

interface Holder {
  readonly principal: Principal;
  readonly secretHash: Buffer;
  readonly key: ApiKey;
  /** Undefined = from anywhere. */
  readonly admits: ((address: string) => boolean) | undefined;
}

/** A token whose secret was found to be the key's. */
interface Proved {
  readonly client: string;
  readonly no: number;
  /** Another one is made whenever the client has changed: then its secret is to be proved anew. */
  readonly holder: Holder;
}

/** Verifies API keys' tokens against the clients' streams in the log itself, remembering them for a few seconds. */
export class Authenticator implements ApiKeys {
  readonly #options: AuthenticatorOptions;
  readonly #known: Remembered<Known>;
  /**
   * By token, so that a known one is not hashed at every request. Holds none that was not proved, and is looked up by the
   * whole text: how long that takes tells nothing about the secrets in it.
   */
  readonly #proved = new LRUCache<string, Proved>({ max: MAX_PROVED });

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    const { store, elapsed } = options;
    this.#known = new Remembered({ store, elapsed, streamOf: clientStream, readOn });
  }

  /**
   * Throws, or rejects with, `forbidden` for a key that is bound to other networks; rejects with `overloaded` or
   * `unavailable` when the store does not keep up or answer.
   */
  verify(
    token: string,
    address: () => string,
    { onlyProved = false }: Pick<Wanted, "onlyProved"> = {},
  ): Promise<Principal | undefined> | Principal | undefined {
    const proved = this.#proved.get(token);
    if (proved !== undefined) {
      const known = this.#known.fresh(proved.client);
      if (known?.holders.get(proved.no) === proved.holder) return this.#admit(known, proved.holder, address);
    }
    const parsed = parseToken(token);
    if (parsed === undefined || (onlyProved && proved === undefined)) return undefined;
    const remembered = this.#known.fresh(parsed.client);
    // A key that the client did not have may have been made a moment ago.
    if (remembered?.client.keys.has(parsed.no)) return this.#prove(remembered, parsed, token, address);
    return this.#known.lookUp(parsed.client).then((known) => this.#prove(known, parsed, token, address));
  }

  #prove(
    known: Known | undefined,
    { client, no, secret }: KeyName & { readonly secret: string },
    token: string,
    address: () => string,
  ): Principal | undefined {
    const holder = known && holderOf(known, no, this.#options.permissions);
    if (known === undefined || holder === undefined) return undefined;
    if (!timingSafeEqual(holder.secretHash, Buffer.from(hashSecret(secret), "hex"))) return undefined;
    this.#proved.set(token, { client, no, holder });
    return this.#admit(known, holder, address);
  }

  #admit(known: Known, holder: Holder, address: () => string): Principal | undefined {
    const now = this.#options.clock.now();
    if (!isLive(known.client, holder.key, now)) return undefined;
    if (holder.admits?.(address()) === false) {
      throw new ApiError("forbidden", { detail: "The API key may not be used from this address." });
    }
    this.#options.uses?.note(holder.principal.key, now);
    return holder.principal;
  }
}

/** Its holders are made anew: what they prove and may do was of the client before. */
function readOn(before: Known | undefined, events: readonly RecordedEvent[]): Known {
  const decoded = events.map((event) => clientEvents.decode(event));
  return {
    client: decoded.reduce<Client | undefined>(evolveClient, before?.client) as Client,
    holders: new Map(),
  };
}

function holderOf({ client, holders }: Known, no: number, table: PermissionTable): Holder | undefined {
  const known = holders.get(no);
  const key = client.keys.get(no);
  if (known !== undefined || key === undefined) return known;
  const { id, name, programme, permissions, systems } = client;
  const holder: Holder = {
    principal: {
      id,
      key: keyId({ client: id, no }),
      name,
      programmes: programme === null ? null : [programme],
      permissions: table.named(permissions),
      systems,
    },
    secretHash: Buffer.from(key.secretHash, "hex"),
    key,
    admits: key.addresses === undefined ? undefined : networksOf(key.addresses),
  };
  holders.set(no, holder);
  return holder;
}

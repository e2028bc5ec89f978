import { timingSafeEqual } from "node:crypto";
import type { EventStore } from "@taem/event-store";
import { ApiError, type ApiKeys, networksOf, type PermissionTable, type Principal } from "@taem/http";
import type { Clock } from "@taem/runtime";
import { LRUCache } from "lru-cache";
import { type ApiKey, type Client, evolveClient, isLive } from "./client.ts";
import { type ClientEvent, clientEvents, clientStream } from "./events.ts";
import type { KeyUses } from "./key-uses.ts";
import { hashSecret, type KeyName, keyId, parseToken } from "./token.ts";

/** A revocation is seen within five seconds: this, and the time of one look-up. */
const FRESH_MS = 4_000;
const MAX_KNOWN = 10_000;
const MAX_PROVED = 10_000;
const MAX_WAITING = 5_000;
const MAX_BATCH = 500;
/** A store that does not answer is as good as away: whoever waits is told so, and another look-up is tried. */
const LOOK_UP_MS = 5_000;

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

/** What is remembered of a client, as far as its stream was read. */
interface Known {
  readonly client: Client;
  readonly revision: number;
  readonly freshUntil: number;
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

/**
 * Verifies tokens against the clients' streams in the log itself, remembering them for a few seconds. Look-ups run one
 * at a time for all who wait, so that a flood of invented keys costs the store one small query after another and nothing
 * more.
 */
export class Authenticator implements ApiKeys {
  readonly #options: AuthenticatorOptions;
  readonly #elapsed: () => number;
  readonly #known = new LRUCache<string, Known>({ max: MAX_KNOWN });
  /**
   * By token, so that a known one is not hashed at every request. Holds none that was not proved, and is looked up by the
   * whole text: how long that takes tells nothing about the secrets in it.
   */
  readonly #proved = new LRUCache<string, Proved>({ max: MAX_PROVED });
  readonly #waiting = new Map<string, PromiseWithResolvers<Known | undefined>>();
  #looking = false;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#elapsed = options.elapsed ?? (() => performance.now());
  }

  /**
   * Throws, or rejects with, `forbidden` for a key that is bound to other networks; rejects with `overloaded` or
   * `unavailable` when the store does not keep up or answer.
   */
  verify(token: string, address: () => string): Promise<Principal | undefined> | Principal | undefined {
    const proved = this.#proved.get(token);
    if (proved !== undefined) {
      const known = this.#fresh(proved.client);
      if (known?.holders.get(proved.no) === proved.holder) return this.#admit(known, proved.holder, address);
    }
    const parsed = parseToken(token);
    if (parsed === undefined) return undefined;
    const remembered = this.#fresh(parsed.client);
    // A key that the client did not have may have been made a moment ago.
    if (remembered?.client.keys.has(parsed.no)) return this.#prove(remembered, parsed, token, address);
    return this.#lookUp(parsed.client).then((known) => this.#prove(known, parsed, token, address));
  }

  /** What is remembered of a client, unless that was too long ago. */
  #fresh(client: string): Known | undefined {
    const known = this.#known.get(client);
    return known !== undefined && this.#elapsed() < known.freshUntil ? known : undefined;
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

  #lookUp(client: string): Promise<Known | undefined> {
    const already = this.#waiting.get(client);
    if (already !== undefined) return already.promise;
    if (this.#waiting.size >= MAX_WAITING) return Promise.reject(new ApiError("overloaded"));
    const waiting = Promise.withResolvers<Known | undefined>();
    this.#waiting.set(client, waiting);
    if (!this.#looking) void this.#lookUpAll();
    return waiting.promise;
  }

  async #lookUpAll(): Promise<void> {
    this.#looking = true;
    while (this.#waiting.size > 0) {
      const clients = [...this.#waiting.keys()].slice(0, MAX_BATCH);
      const freshUntil = this.#elapsed() + FRESH_MS;
      try {
        const requests = clients.map((client) => ({
          stream: clientStream(client),
          afterRevision: this.#known.peek(client)?.revision ?? 0,
        }));
        const slices = await answered(this.#options.store.read(requests));
        clients.forEach((client, i) => {
          const events = (slices[i]?.events ?? []).map((event) => clientEvents.decode(event));
          this.#settle(client, readOn(this.#known.peek(client), events, freshUntil));
        });
      } catch (cause) {
        for (const client of clients) this.#fail(client, cause);
      }
    }
    this.#looking = false;
  }

  #settle(client: string, known: Known | undefined): void {
    if (known !== undefined) this.#known.set(client, known);
    this.#waiting.get(client)?.resolve(known);
    this.#waiting.delete(client);
  }

  #fail(client: string, cause: unknown): void {
    this.#waiting.get(client)?.reject(new ApiError("unavailable", { cause }));
    this.#waiting.delete(client);
  }
}

function readOn(
  before: Known | undefined,
  events: readonly ClientEvent[],
  freshUntil: number,
): Known | undefined {
  if (before !== undefined && events.length === 0) return { ...before, freshUntil };
  const client = events.reduce<Client | undefined>(evolveClient, before?.client);
  if (client === undefined) return undefined;
  const revision = (before?.revision ?? 0) + events.length;
  return { client, revision, freshUntil, holders: new Map() };
}

function holderOf({ client, holders }: Known, no: number, table: PermissionTable): Holder | undefined {
  const known = holders.get(no);
  const key = client.keys.get(no);
  if (known !== undefined || key === undefined) return known;
  const { id, name, programme, permissions, systems } = client;
  const holder: Holder = {
    principal: {
      client: id,
      key: keyId({ client: id, no }),
      name,
      programme,
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

async function answered<T>(look: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${LOOK_UP_MS} ms`)), LOOK_UP_MS);
  try {
    return await Promise.race([look, late]);
  } finally {
    clearTimeout(timer);
  }
}

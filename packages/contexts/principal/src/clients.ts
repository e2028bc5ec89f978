import type { CommandHandler, EventStore } from "@taem/event-store";
import {
  type Client,
  type ClientDecision,
  changeClient,
  createClient,
  createKey,
  type NewClient,
  type NewKey,
  revokeClient,
  revokeKey,
  rotateKey,
} from "./client.ts";
import { clientAggregate } from "./client-aggregate.ts";
import { type Asking, decideOn } from "./deciding.ts";
import { clientStream } from "./events.ts";
import type { Refusal } from "./problems.ts";
import { readAll } from "./reading.ts";
import { formatToken, hashSecret, type KeyName, newPrincipalId, newSecret } from "./token.ts";

export interface ClientsOptions {
  readonly handler: CommandHandler;
  /** Server time, in milliseconds since the epoch: keys end by it, whatever clock a programme has. */
  readonly now: () => number;
}

export interface ClientAsking extends Asking {
  /** What keeps the caller from it, by the client as it is when it is done; undefined = nothing. */
  readonly refusal?: ((client: Client) => Refusal | undefined) | undefined;
}

export type KeyTerms = Partial<Omit<NewKey, "secretHash">>;

export interface MintedKey {
  readonly key: KeyName;
  /** Shown once, and kept nowhere. */
  readonly token: string;
}

/**
 * Creates clients and their API keys, rotates and revokes them: events in the client's stream, by whoever asked. Refuses
 * with `client_unknown`, `client_revoked`, `key_unknown`, `too_many_keys`.
 */
export class Clients {
  readonly #options: ClientsOptions;

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  /** A new client with its first key. Rejects where a client has the id. */
  async create(
    client: NewClient,
    asking: ClientAsking,
    terms: KeyTerms = {},
    id = newPrincipalId(),
  ): Promise<MintedKey> {
    const { secret, key } = mint(terms);
    await this.#execute(id, asking, (existing) => {
      if (existing !== undefined) throw new Error(`there is a client ${id} already`);
      return createClient(id, client, key);
    });
    return { key: { client: id, no: 1 }, token: formatToken({ client: id, no: 1 }, secret) };
  }

  async change(
    id: string,
    wanted: Pick<NewClient, "permissions" | "systems">,
    asking: ClientAsking,
  ): Promise<Client> {
    return this.#execute(id, asking, (client) => changeClient(client, wanted));
  }

  async revoke(id: string, asking: ClientAsking): Promise<Client> {
    return this.#execute(id, asking, revokeClient);
  }

  async createKey(id: string, asking: ClientAsking, terms: KeyTerms = {}): Promise<MintedKey> {
    const { secret, key } = mint(terms);
    const client = await this.#execute(id, asking, (existing) =>
      createKey(existing, key, this.#options.now()),
    );
    return minted(client, secret);
  }

  /** A key that takes the place of another, with its networks unless told, while the other lives on for `overlapMs`. */
  async rotateKey(
    { client: id, no }: KeyName,
    overlapMs: number,
    asking: ClientAsking,
    terms: KeyTerms = {},
  ): Promise<MintedKey> {
    const { secret, key } = mint(terms);
    const client = await this.#execute(id, asking, (existing) => {
      const now = this.#options.now();
      const addresses = key.addresses ?? existing?.keys.get(no)?.addresses;
      return rotateKey(existing, no, { ...key, addresses }, { now, endsAt: now + overlapMs });
    });
    return minted(client, secret);
  }

  async revokeKey({ client: id, no }: KeyName, asking: ClientAsking): Promise<Client> {
    return this.#execute(id, asking, (client) => revokeKey(client, no));
  }

  /** Undefined where there is none. */
  async find(id: string, asking: Asking): Promise<Client | undefined> {
    return this.#decide(id, asking, () => ({ events: [] }));
  }

  /** The client after it. */
  async #execute(
    id: string,
    asking: ClientAsking,
    decide: (client: Client | undefined) => ClientDecision,
  ): Promise<Client> {
    return (await this.#decide(id, asking, decide)) as Client;
  }

  #decide(
    id: string,
    { refusal, ...asking }: ClientAsking,
    decide: (client: Client | undefined) => ClientDecision,
  ): Promise<Client | undefined> {
    const subject = { aggregate: clientAggregate, stream: clientStream(id) };
    return decideOn(
      this.#options.handler,
      subject,
      asking,
      (client) => (client && refusal?.(client)) ?? decide(client),
    );
  }
}

/** Those of the ids that there are, in their order, as the log has them now. */
export function readClients(
  store: Pick<EventStore, "read">,
  ids: readonly string[],
): Promise<readonly Client[]> {
  return readAll(store, clientAggregate, clientStream, ids);
}

function mint(terms: KeyTerms): { readonly secret: string; readonly key: NewKey } {
  const secret = newSecret();
  const { expiresAt, addresses } = terms;
  return { secret, key: { secretHash: hashSecret(secret), expiresAt, addresses } };
}

/** The key that was made last. */
function minted(client: Client, secret: string): MintedKey {
  const key = { client: client.id, no: client.keys.size };
  return { key, token: formatToken(key, secret) };
}

import type { CommandHandler, Step } from "@taem/event-store";
import { sliceOfName } from "@taem/kernel";
import type { Provenance } from "@taem/schema";
import {
  type Client,
  type ClientDecision,
  type ClientRefusal,
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
import { type ClientEvent, clientStream } from "./events.ts";
import { PrincipalError } from "./problems.ts";
import { formatToken, hashSecret, type KeyName, newClientId, newSecret } from "./token.ts";

export interface ClientsOptions {
  readonly handler: CommandHandler;
  /** Server time, in milliseconds since the epoch: keys end by it, whatever clock a programme has. */
  readonly now: () => number;
}

/** Who asks, and until when (on the handler's clock) the caller waits. */
export interface Asking extends Provenance {
  readonly deadline: number;
  /** What keeps the caller from it, by the client as it is when it is done; undefined = nothing. */
  readonly refusal?: ((client: Client) => ClientRefusal | undefined) | undefined;
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
    asking: Asking,
    terms: KeyTerms = {},
    id = newClientId(),
  ): Promise<MintedKey> {
    const { secret, key } = mint(terms);
    await this.#execute(id, asking, (standing) => {
      if (standing !== undefined) throw new Error(`there is a client ${id} already`);
      return createClient(id, client, key);
    });
    return { key: { client: id, no: 1 }, token: formatToken({ client: id, no: 1 }, secret) };
  }

  async change(
    id: string,
    wanted: Pick<NewClient, "permissions" | "systems">,
    asking: Asking,
  ): Promise<Client> {
    return this.#execute(id, asking, (client) => changeClient(client, wanted));
  }

  async revoke(id: string, asking: Asking): Promise<Client> {
    return this.#execute(id, asking, revokeClient);
  }

  async createKey(id: string, asking: Asking, terms: KeyTerms = {}): Promise<MintedKey> {
    const { secret, key } = mint(terms);
    const client = await this.#execute(id, asking, (standing) =>
      createKey(standing, key, this.#options.now()),
    );
    return minted(client, secret);
  }

  /** A key that takes the place of another, with its networks unless told, while the other lives on for `overlapMs`. */
  async rotateKey(
    { client: id, no }: KeyName,
    overlapMs: number,
    asking: Asking,
    terms: KeyTerms = {},
  ): Promise<MintedKey> {
    const { secret, key } = mint(terms);
    const client = await this.#execute(id, asking, (standing) => {
      const now = this.#options.now();
      const addresses = key.addresses ?? standing?.keys.get(no)?.addresses;
      return rotateKey(standing, no, { ...key, addresses }, { now, endsAt: now + overlapMs });
    });
    return minted(client, secret);
  }

  async revokeKey({ client: id, no }: KeyName, asking: Asking): Promise<Client> {
    return this.#execute(id, asking, (client) => revokeKey(client, no));
  }

  /** Undefined where there is none. */
  async find(id: string, asking: Asking): Promise<Client | undefined> {
    let found: Client | undefined;
    await this.#decide(id, asking, (client) => {
      found = client;
      return { events: [] };
    });
    return found;
  }

  /** Those of the ids that there are, in their order. */
  async findAll(ids: readonly string[], asking: Asking): Promise<readonly Client[]> {
    const found = await Promise.all(ids.map((id) => this.find(id, asking)));
    return found.filter((client) => client !== undefined);
  }

  /** The client after it. */
  async #execute(
    id: string,
    asking: Asking,
    decide: (client: Client | undefined) => ClientDecision,
  ): Promise<Client> {
    return (await this.#decide(id, asking, decide)) as Client;
  }

  async #decide(
    id: string,
    { deadline, refusal, ...meta }: Asking,
    decide: (client: Client | undefined) => ClientDecision,
  ): Promise<Client | undefined> {
    const stream = clientStream(id);
    const outcome = await this.#options.handler.execute({
      aggregate: clientAggregate,
      stream,
      slice: sliceOfName(stream),
      meta,
      deadline,
      decide: (client): Step<Client | undefined, ClientEvent, Outcome> => {
        const decision = (client && refusal?.(client)) ?? decide(client);
        if ("refused" in decision) return { events: [], answer: () => () => decision };
        return { events: decision.events, answer: (after) => () => ({ client: after }) };
      },
    });
    if ("refused" in outcome) throw new PrincipalError(outcome.refused, { detail: outcome.detail });
    return outcome.client;
  }
}

type Outcome = { readonly client: Client | undefined } | ClientRefusal;

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

import type { ApiKeys, Principal, Wanted } from "@taem/http";
import type { Authenticator } from "./authenticator.ts";
import type { SignedPeople } from "./signed-people.ts";
import { Statements } from "./statement.ts";

/** Whoever calls: a client by its API key, or a person by a signed statement. */
export class Callers implements ApiKeys {
  readonly #clients: Authenticator;
  readonly #people: SignedPeople;

  constructor(clients: Authenticator, people: SignedPeople) {
    this.#clients = clients;
    this.#people = people;
  }

  verify(
    token: string,
    address: () => string,
    wanted: Wanted,
  ): Promise<Principal | undefined> | Principal | undefined {
    return Statements.isOne(token)
      ? this.#people.verify(token, wanted)
      : this.#clients.verify(token, address, wanted);
  }
}

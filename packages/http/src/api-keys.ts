/** Who is calling: the actor of a command, never taken from the body. */
export interface Principal {
  /** Id of the client: it outlives its API keys, so what is done under one key is repeated under the next. */
  readonly client: string;
  /** Which of its keys the request came with. */
  readonly key: string;
  readonly name: string;
  /** Code of the only programme that it reaches; null = the whole installation. */
  readonly programme: string | null;
  readonly permissions: readonly string[];
  /** Source systems that it may name, `*` = any; null = any that no programme has declared as its own. */
  readonly systems: readonly string[] | null;
}

/** The principal as events name it: what it is called, and its id, by which principals are told apart. */
export function actorOf({ name, client }: Principal): string {
  return `${name} (${client})`;
}

/** What authentication needs to know. */
export interface ApiKeys {
  /**
   * The principal of a token, undefined if there is none (unknown, malformed, expired, revoked). `address` tells where the
   * request came from, for keys that are bound to networks: throws `forbidden` for another. Answers at once when it
   * can: a request whose first await is for its body is read without buffering.
   */
  verify(token: string, address: () => string): Promise<Principal | undefined> | Principal | undefined;
}

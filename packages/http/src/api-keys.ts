/** Who is calling: the actor of a command, never taken from the body. */
export interface Principal {
  /** Of the client, or of the person: it outlives API keys and sessions, so what is done under one is repeated under the next. */
  readonly id: string;
  /** Which of its API keys, or sessions, the request came with. */
  readonly key: string;
  readonly name: string;
  /** Codes of the programmes that it reaches; null = the whole installation. */
  readonly programmes: readonly string[] | null;
  /** What it may do in each of them. */
  readonly permissions: readonly string[];
  /** Source systems that it may name, `*` = any; null = any that no programme has declared as its own. */
  readonly systems: readonly string[] | null;
}

/** The principal as events name it: what it is called, and its id, by which principals are told apart. */
export function actorOf({ name, id }: Principal): string {
  return `${name} (${id})`;
}

/** What a request asks for, as far as it says who may. */
export interface Wanted {
  /** The programme that its path names, undefined = none. */
  readonly programme: string | undefined;
  /** Those of which its route needs one. */
  readonly permissions: readonly string[];
  /** Whether only tokens that were found to be good before are looked up: whoever asks from there has guessed too often. */
  readonly onlyProved?: boolean;
}

/** What authentication needs to know. */
export interface ApiKeys {
  /**
   * The principal of a token, undefined if there is none (unknown, malformed, expired, revoked). `address` tells where the
   * request came from, for keys that are bound to networks: throws `forbidden` for another. Of a principal that may do
   * different things in different programmes it tells what concerns `wanted`, which it does not decide upon. Answers at once
   * when it can.
   */
  verify(
    token: string,
    address: () => string,
    wanted: Wanted,
  ): Promise<Principal | undefined> | Principal | undefined;
}

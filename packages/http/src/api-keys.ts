import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { ApiError } from "./api-error.ts";

export const SCOPES = ["earn", "burn", "read", "finance", "partner", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

/** Who is calling: the actor of a command, never taken from the body. */
export interface Principal {
  readonly keyId: string;
  readonly name: string;
  /** Code of the only programme that the key reaches; null = the whole installation. */
  readonly programme: string | null;
  readonly scopes: readonly Scope[];
}

/** What authentication needs to know. */
export interface ApiKeys {
  /**
   * The principal of a token, undefined if there is none (unknown, malformed, revoked). Answers at once when
   * it can: a request whose first await is for its body is read without buffering.
   */
  verify(token: string): Promise<Principal | undefined> | Principal | undefined;
}

/** An API key without its secret. */
export interface ApiKey extends Principal {
  /** SHA-256 of the secret. */
  readonly secretHash: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly revokedAt: number | null;
}

export interface ApiKeyStore {
  /** Those of the keys that exist, revoked ones too. */
  find(keyIds: readonly string[]): Promise<ApiKey[]>;
  insert(key: Omit<ApiKey, "createdAt" | "revokedAt">): Promise<void>;
  /** False if there is no such key. Revoking again changes nothing. */
  revoke(keyId: string): Promise<boolean>;
  /** Oldest first. */
  list(): Promise<ApiKey[]>;
}

const TOKEN = /^taem_([0-9a-f]{16})_([0-9a-f]{64})$/;

/** Takes `taem_<key id>_<secret>` apart. */
function parseToken(token: string): { readonly keyId: string; readonly secret: string } | undefined {
  const match = TOKEN.exec(token);
  return match === null ? undefined : { keyId: match[1] as string, secret: match[2] as string };
}

/**
 * SHA-256, fast on purpose: the secret is 256 random bits, which no one can guess through a fast hash either.
 * Slow hashes protect what people choose, and would cost each request milliseconds.
 */
function hashSecret(secret: string): Uint8Array {
  return hash("sha256", secret, "buffer");
}

/** A new key and its token, which is shown once and kept nowhere. */
function mintApiKey(): {
  readonly keyId: string;
  readonly secretHash: Uint8Array;
  readonly token: string;
} {
  const keyId = randomBytes(8).toString("hex");
  const secret = randomBytes(32).toString("hex");
  return { keyId, secretHash: hashSecret(secret), token: `taem_${keyId}_${secret}` };
}

/** Mints and stores a key; the token is in the answer and nowhere else. */
export async function createApiKey(
  store: ApiKeyStore,
  key: Omit<Principal, "keyId">,
): Promise<{ readonly keyId: string; readonly token: string }> {
  const { keyId, secretHash, token } = mintApiKey();
  await store.insert({ ...key, keyId, secretHash });
  return { keyId, token };
}

/** A revocation is seen within five seconds: this, and the time of one look-up. */
const FRESH_MS = 4_000;
const MAX_KNOWN = 10_000;
const MAX_WAITING = 5_000;
const MAX_BATCH = 500;
/** A store that does not answer is as good as away: whoever waits is told so, and another look-up is tried. */
const LOOK_UP_MS = 5_000;

/** What is remembered of a key. */
interface Known {
  readonly principal: Principal;
  readonly secretHash: Uint8Array;
  readonly revoked: boolean;
  readonly freshUntil: number;
}

/**
 * Verifies tokens against a store, remembering keys for a few seconds. Look-ups run one at a time for all who
 * wait, so that a flood of invented keys costs the store one small query after another and nothing more.
 */
export class CachedApiKeys implements ApiKeys {
  readonly #store: Pick<ApiKeyStore, "find">;
  readonly #now: () => number;
  readonly #known = new Map<string, Known>();
  readonly #waiting = new Map<string, PromiseWithResolvers<Known | undefined>>();
  #looking = false;

  /** `now` is in milliseconds and never goes back. */
  constructor(store: Pick<ApiKeyStore, "find">, now: () => number = () => performance.now()) {
    this.#store = store;
    this.#now = now;
  }

  /** Rejects with `overloaded` or `unavailable` when the store does not keep up or answer. */
  verify(token: string): Promise<Principal | undefined> | Principal | undefined {
    const parsed = parseToken(token);
    if (parsed === undefined) return undefined;
    const { keyId, secret } = parsed;
    const remembered = this.#known.get(keyId);
    if (remembered !== undefined && this.#now() < remembered.freshUntil)
      return principalOf(remembered, secret);
    return this.#lookUp(keyId).then((key) => principalOf(key, secret));
  }

  #lookUp(keyId: string): Promise<Known | undefined> {
    const already = this.#waiting.get(keyId);
    if (already !== undefined) return already.promise;
    if (this.#waiting.size >= MAX_WAITING) return Promise.reject(new ApiError("overloaded"));
    const waiting = Promise.withResolvers<Known | undefined>();
    this.#waiting.set(keyId, waiting);
    if (!this.#looking) void this.#lookUpAll();
    return waiting.promise;
  }

  async #lookUpAll(): Promise<void> {
    this.#looking = true;
    while (this.#waiting.size > 0) {
      const keyIds = [...this.#waiting.keys()].slice(0, MAX_BATCH);
      const freshUntil = this.#now() + FRESH_MS;
      try {
        const keys = await answered(this.#store.find(keyIds));
        const found = new Map(keys.map((key) => [key.keyId, known(key, freshUntil)]));
        for (const keyId of keyIds) this.#settle(keyId, found.get(keyId));
      } catch (cause) {
        for (const keyId of keyIds) this.#fail(keyId, cause);
      }
    }
    this.#looking = false;
  }

  #settle(keyId: string, key: Known | undefined): void {
    this.#known.delete(keyId); // so that the entry looked up longest ago is always the first
    if (key !== undefined) this.#known.set(keyId, key);
    if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.keys().next().value as string);
    this.#waiting.get(keyId)?.resolve(key);
    this.#waiting.delete(keyId);
  }

  #fail(keyId: string, cause: unknown): void {
    this.#waiting.get(keyId)?.reject(new ApiError("unavailable", { cause }));
    this.#waiting.delete(keyId);
  }
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

function principalOf(key: Known | undefined, secret: string): Principal | undefined {
  const valid = key !== undefined && !key.revoked && timingSafeEqual(key.secretHash, hashSecret(secret));
  return valid ? key.principal : undefined;
}

function known({ keyId, name, programme, scopes, secretHash, revokedAt }: ApiKey, freshUntil: number): Known {
  return {
    principal: { keyId, name, programme, scopes },
    secretHash,
    revoked: revokedAt !== null,
    freshUntil,
  };
}

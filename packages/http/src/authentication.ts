import type { IncomingMessage } from "node:http";
import { ApiError } from "./api-error.ts";
import type { Principal } from "./api-keys.ts";

/** The token of the request, undefined if it has none. */
export function bearerToken(request: IncomingMessage): string | undefined {
  const header = request.headers.authorization;
  return header !== undefined && /^bearer /i.test(header) ? header.slice(7).trim() : undefined;
}

/** Throws `programme_unknown` or `forbidden` unless the principal reaches the programme and has one of the permissions there. */
export function authorize(
  principal: Principal,
  permissions: readonly string[],
  programme: string | undefined,
): void {
  requireProgramme(principal, programme);
  requirePermission(principal, permissions);
}

/** Throws `forbidden` unless the principal has one of the permissions. */
export function requirePermission(principal: Principal, permissions: readonly string[]): void {
  if (permissions.some((permission) => principal.permissions.includes(permission))) return;
  throw new ApiError("forbidden", { detail: `The caller needs the permission ${permissions.join(" or ")}.` });
}

/**
 * Throws `programme_unknown` for a programme that the principal does not reach: the same answer whether it exists
 * or not, so that one tenant cannot find out about another.
 */
function requireProgramme(principal: Principal, programme: string | undefined): void {
  const { programmes } = principal;
  if (programme === undefined || programmes === null || programmes.includes(programme)) return;
  throw new ApiError("programme_unknown");
}

const ASK_AGAIN_MS = 500;

/**
 * Whose the lines of a bulk request are, which may be long under way: asked for anew again and again, for the API key may end,
 * or do less, in the meantime.
 */
export class Sender {
  readonly #ask: () => Promise<Principal> | Principal;
  #principal: Promise<Principal> | Principal;
  #askedAt = performance.now();
  #isAsking = false;

  /** `ask` throws, or rejects, where nobody may send lines any more. */
  constructor(first: Principal, ask: () => Promise<Principal> | Principal) {
    this.#ask = ask;
    this.#principal = first;
  }

  /** Lines that come while it is being asked for wait, and go on in their order. */
  principal(): Promise<Principal> | Principal {
    const now = performance.now();
    if (this.#isAsking || now - this.#askedAt < ASK_AGAIN_MS) return this.#principal;
    this.#askedAt = now;
    const asked = askFor(this.#ask);
    this.#principal = asked;
    if (asked instanceof Promise) {
      this.#isAsking = true;
      // Before any line waits for it, so that none which comes later overtakes those.
      asked.then(
        (principal) => {
          this.#isAsking = false;
          this.#principal = principal;
        },
        () => {
          this.#isAsking = false;
        },
      );
    }
    return asked;
  }
}

/** What is thrown at once stands until it is asked for anew, too. */
function askFor(ask: () => Promise<Principal> | Principal): Promise<Principal> | Principal {
  try {
    return ask();
  } catch (error) {
    return Promise.reject(error);
  }
}

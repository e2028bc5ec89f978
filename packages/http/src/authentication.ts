import type { IncomingMessage } from "node:http";
import { ApiError } from "./api-error.ts";
import type { Principal, Scope } from "./api-keys.ts";

/** The token of the request. Throws `unauthenticated` if it has none. */
export function bearerToken(request: IncomingMessage): string {
  const header = request.headers.authorization;
  if (header === undefined || !/^bearer /i.test(header)) throw new ApiError("unauthenticated");
  return header.slice(7).trim();
}

/**
 * Throws `unauthenticated`, `forbidden` or `programme_unknown` unless the principal has one of the scopes and
 * reaches the programme.
 */
export function authorize(
  principal: Principal | undefined,
  scopes: readonly Scope[],
  programme: string | undefined,
): asserts principal is Principal {
  if (principal === undefined) throw new ApiError("unauthenticated");
  requireScope(principal, scopes);
  requireProgramme(principal, programme);
}

/** Throws `forbidden` unless the principal has one of the scopes. */
export function requireScope(principal: Principal, scopes: readonly Scope[]): void {
  if (scopes.some((scope) => principal.scopes.includes(scope))) return;
  throw new ApiError("forbidden", { detail: `The API key needs the scope ${scopes.join(" or ")}.` });
}

/**
 * Throws `programme_unknown` for a programme that the key is not bound to: the same answer whether it exists
 * or not, so that one tenant cannot find out about another.
 */
function requireProgramme(principal: Principal, programme: string | undefined): void {
  if (programme === undefined || principal.programme === null || principal.programme === programme) return;
  throw new ApiError("programme_unknown");
}

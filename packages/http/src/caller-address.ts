import type { IncomingMessage } from "node:http";
import { networksOf } from "./networks.ts";

const MAX_LENGTH = 64;

/**
 * Tells the address of a request's caller, "" where the connection has ended. Every trusted proxy says in X-Forwarded-For
 * whom it had the request from, so it is the last address on that way that is no trusted proxy's.
 */
export function callerAddress(trustedProxies: readonly string[]): (request: IncomingMessage) => string {
  if (trustedProxies.length === 0) return ({ socket }) => socket.remoteAddress ?? "";
  const isTrusted = networksOf(trustedProxies);
  return ({ socket, headers }) => {
    let address = socket.remoteAddress ?? "";
    const header = headers["x-forwarded-for"];
    const way = typeof header === "string" ? header.split(",").map((part) => part.trim()) : [];
    while (isTrusted(address)) {
      const before = way.pop();
      if (before === undefined) break;
      if (before !== "") address = before;
    }
    // Of what is no address only so much is remembered, and logged.
    return address.slice(0, MAX_LENGTH);
  };
}

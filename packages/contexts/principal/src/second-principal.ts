import type { EventStore } from "@taem/event-store";
import { isSamePrincipal, principalOf } from "@taem/kernel";
import { decodeMeta } from "@taem/schema";
import { clientStream } from "./events.ts";
import { PrincipalError } from "./problems.ts";

/**
 * Throws `approver_must_differ` where one person may hold tokens of both principals: one of the two has made the other or an
 * API key of it, or a third has made keys of both. What clients may do changes; whoever has seen a token knows it.
 * Of one and the same principal the decider knows.
 */
export async function requireSecond(
  store: Pick<EventStore, "read">,
  requestedBy: string,
  approver: string,
): Promise<void> {
  if (isSamePrincipal(requestedBy, approver)) return;
  const asked = await holdersOf(store, principalOf(requestedBy));
  const agrees = await holdersOf(store, principalOf(approver));
  const both = [...asked].find((holder) => agrees.has(holder));
  if (both === undefined) return;
  const detail = `${both} has held API keys of both principals: a third must decide, or an operator makes one of the two anew`;
  throw new PrincipalError("approver_must_differ", { detail });
}

const ID = /^[0-9a-f]{16}$/;

/**
 * The principal itself, and those that have made it, where it is a client, or an API key of it, and those that have made them,
 * and so on: whoever holds a token makes more with it. A person has no API keys. Operators could make themselves any key, and
 * are none.
 */
export async function holdersOf(
  store: Pick<EventStore, "read">,
  principal: string,
): Promise<ReadonlySet<string>> {
  const holders = new Set([principal]);
  for (let next = [principal].filter(hasStream); next.length > 0; ) {
    const streams = await store.read(next.map((id) => ({ stream: clientStream(id), afterRevision: 0 })));
    const minted = streams.flatMap(({ events }) => events.filter(({ type }) => type === "ApiKeyCreated"));
    const makers = new Set(minted.map(({ meta }) => principalOf(decodeMeta(meta).actor)).filter(hasStream));
    next = [...makers].filter((maker) => !holders.has(maker));
    for (const maker of next) holders.add(maker);
  }
  return holders;
}

function hasStream(principal: string): boolean {
  return ID.test(principal);
}

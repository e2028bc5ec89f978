import { randomUUID } from "node:crypto";
import type { EventStore } from "@taem/event-store";
import { sliceOfName } from "@taem/kernel";
import { createCatalogue, defineEvents, integer, type Provenance, streamOf, text } from "@taem/schema";
import { send } from "../reactions/reaction.ts";
import { defineReactor } from "../reactions/reactor.ts";

/** A reactor that answers itself, for ever if it were let. */

/** How often it is. */
export const ECHOES = 8;

export const echo = {
  name: "echo",
  owner: "stream",
  events: defineEvents({ Said: { text, no: integer } }),
} as const;

export const echoes = defineReactor({
  name: "echoes",
  version: 1,
  catalogue: createCatalogue([echo]),
  commands: defineEvents({ Say: { text, no: integer } }),
  react: ({ event }) => [send({ type: "Say", text: event.text, no: event.no + 1 })],
});

/** Appends the next event of the one stream; not if it is there. */
export async function sayAgain(
  store: EventStore,
  no: number,
  words: string,
  provenance: Provenance = { actor: "test", correlation: "by hand" },
): Promise<void> {
  const stream = streamOf(echo, "one");
  const event = { type: "Said", text: words, no } as const;
  const data = echo.events.encode(event);
  const meta = echo.events.encodeMeta(event.type, provenance);
  const events = [{ id: randomUUID(), type: event.type, data, meta }];
  await store.append([{ stream, slice: sliceOfName(stream), expectedRevision: no, events }]);
}

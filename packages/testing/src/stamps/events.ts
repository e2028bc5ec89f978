import { type Category, defineEvents, type EventIn, integer, optional, streamOf, text } from "@taem/schema";

const descriptions = {
  /** `bonusOf` is the stamping that won it. */
  CardStamped: { programme: text, member: text, stamps: integer, bonusOf: optional(text) },
} as const;

export type CardStamped = EventIn<typeof descriptions>;

export const card: Category<CardStamped> = {
  name: "card",
  owner: "member",
  events: defineEvents(descriptions),
};

export function cardStream(member: string): string {
  return streamOf(card, member);
}

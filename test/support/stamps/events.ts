import { type Category, defineEvents, type EventIn, integer, streamOf, text } from "@taem/schema";

const descriptions = {
  CardStamped: { programme: text, member: text, stamps: integer },
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

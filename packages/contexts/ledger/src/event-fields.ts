import { amount, choice, instant, integer, named, optional, text } from "@taem/schema";

/** What events of accounts have in common. Amounts are minor units of the account's currency. */

export const key = named("Key", { system: text, id: text, leg: text });

/** A part of a lot. `vintage` is the local month (`2026-11`) in which the points were first earned. */
export const lotPart = named("LotPart", { lot: integer, amount, vintage: text });

const lotFields = {
  no: integer,
  amount,
  availableFrom: instant,
  expiresAt: optional(instant),
  /** When the points were first earned; kept through transfers. */
  earnedAt: instant,
  vintage: text,
} as const;

/**
 * A lot as it begins. Available at t iff availableFrom <= t < expiresAt; no expiresAt = never expires. A lot whose
 * availableFrom is not after its event's effectiveAt is available with the event, whatever a reader's clock says.
 */
export const newLot = named("NewLot", lotFields);

/** A lot that stands in for a dead one; `replaces` is the lot that was first, also where a replacement died. */
export const replacementLot = named("ReplacementLot", { ...lotFields, replaces: integer });

const fraction = named("Fraction", { numerator: amount, denominator: amount });

/** On every account event. */
export const common = {
  programme: text,
  member: text,
  currency: text,
  /** Business time. */
  occurredAt: instant,
  /** When it counts: the latest of occurredAt, of what it touches, and of the start of the open period. */
  effectiveAt: instant,
  /** Book balance (sum of the lots) after this event. */
  book: amount,
} as const;

/** On every event that a caller's command made. A large effect is several events, numbered from 1. */
export const commanded = {
  ...common,
  key,
  fingerprint: text,
  part: optional(named("Part", { index: integer, count: integer })),
} as const;

/** Which rule version made the points of an earn, from what, and what limited it. */
export const earnBasis = named("EarnBasis", {
  rule: text,
  version: integer,
  spend: amount,
  money: text,
  /** What rounding left, below one minor unit: exact. */
  fraction,
  limitedBy: optional(choice("minimum", "order_cap", "day_cap")),
  /** Local day whose cap this earn used, e.g. `2026-11-22`. */
  capDay: optional(text),
});

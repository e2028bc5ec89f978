import { amount, choice, integer, named, optional, text } from "@taem/schema";

/** What definitions say. */

/** A length of calendar time in the programme's zone. */
export const term = named("Term", { count: integer, unit: choice("days", "months", "years") });

/**
 * When points die. `term`: the last valid day is the earn day plus the term; `end_of_month`: the end of the month
 * `count` months after the earn month; `end_of_year`: the end of the `count`-th year after the earn year; `never`.
 */
export const expiryPolicy = named("ExpiryPolicy", {
  kind: choice("term", "end_of_month", "end_of_year", "never"),
  term: optional(term),
  count: optional(integer),
});

export const currencySettings = named("CurrencySettings", {
  expiry: expiryPolicy,
  /** Everything in an account dies this long after its last earn, burn or capture. */
  inactivity: optional(term),
  clawback: choice("only_pending", "within_balance", "unlimited"),
  /** Days a given-back point lives when its lot is dead; 0 = it expires at once. */
  returnGraceDays: integer,
  holdTimeoutSeconds: integer,
  maxHoldTimeoutSeconds: integer,
  transferExpiry: choice("kept", "replaced"),
  /** An incoming transfer may not lift the book balance above this. */
  maxBalance: optional(amount),
  /** Adjustments above this need a second principal. */
  adjustmentLimit: amount,
  /** How long an adjustment waits for one; absent = for ever. */
  adjustmentTimeoutSeconds: optional(integer),
  /** What one client may earn, and adjust, in a programme on a local day at most; absent = without end. */
  earnCeiling: optional(amount),
  adjustmentCeiling: optional(amount),
});

export const earnRule = named("EarnRule", {
  currency: text,
  /** Currency of the spend, ISO 4217. */
  money: text,
  /** `points` for every `per` minor units of money. */
  per: amount,
  points: amount,
  minimumSpend: amount,
  maxPerOrder: optional(amount),
  maxPerDay: optional(amount),
  rounding: choice("down", "half_up", "half_even", "up"),
  /** Points become available this long after the sale. */
  pendingSeconds: integer,
});

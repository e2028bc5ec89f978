import { fields } from "@taem/http";
import { isZone } from "@taem/kernel";
import { z } from "zod";

/** What definitions are made of. */

const { amount, amountOrZero, currencyCode, instant } = fields;

export const clock = z
  .discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("live") }),
    z.strictObject({ mode: z.literal("replay"), at: instant }),
  ])
  .meta({
    id: "BusinessClock",
    description:
      "`live` follows the server's time; `replay` stands where it is set, at most ten years beyond the server's time.",
  });

export const firstClock = clock.optional().meta({
  description:
    "Where the clock of a new programme begins, `live` unless told. A programme that is there keeps its clock: leave it out, repeat what was first given, or name the clock it has; any other is refused (`clock_differs`), PUT /clock moves it.",
});

const termOf = <U extends "days" | "months" | "years">(unit: U, max: number) =>
  z.strictObject({ count: z.int().min(1).max(max), unit: z.literal(unit) });

const term = z
  .discriminatedUnion("unit", [termOf("days", 36_500), termOf("months", 1_200), termOf("years", 100)])
  .meta({ id: "Term", description: "A length of calendar time, a hundred years at most." });

const expiry = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("term"), term }),
    z.strictObject({ kind: z.literal("end_of_month"), count: z.int().min(0).max(1200) }),
    z.strictObject({ kind: z.literal("end_of_year"), count: z.int().min(0).max(100) }),
    z.strictObject({ kind: z.literal("never") }),
  ])
  .meta({
    id: "ExpiryPolicy",
    description:
      "`term`: the last valid day is the earn day plus the term; `end_of_month` / `end_of_year`: the end of the month or year `count` after the one of the earn; `never`.",
  });

const WEEK = 7 * 24 * 3600;
const seconds = z.int().min(1).max(31_536_000);

const adjustmentTimeoutSeconds = seconds.optional().meta({
  description:
    "How long an adjustment waits for a second principal before it lapses. 30 days for a new currency unless told; " +
    "left out later, it stays as it is.",
});

export const decimals = z.int().min(0).max(6).default(0).meta({
  description: "Decimal places of its amounts, which are given in its smallest unit. Fixed for ever.",
});

const ceiling = (of: string) =>
  amountOrZero
    .nullable()
    .optional()
    .meta({
      description:
        `What one client may ${of} in the programme on a local day of the server's time at most; null = without end. ` +
        "Commands that are under way together may pass it once. 1,000,000,000 whole points for a new currency unless told; " +
        "left out later, it stays as it is.",
    });

export const settings = {
  expiry,
  inactivity: term
    .optional()
    .meta({ description: "Everything dies this long after the last earn, burn or capture." }),
  clawback: z
    .enum(["only_pending", "within_balance", "unlimited"])
    .default("within_balance")
    .meta({
      description:
        "`only_pending`: a return takes the sale's own points while they are pending, and nothing else. `within_balance`: these at any " +
        "time, then other available points. `unlimited`: these, and what is then missing becomes debt.",
    }),
  returnGraceDays: z.int().min(0).max(3650).default(0).meta({
    description:
      "When a burn is given back, points whose lot has died live on in a new lot for so many days; 0 = they expire at once.",
  }),
  holdTimeoutSeconds: seconds
    .default(WEEK)
    .meta({ description: "How long a hold holds unless it says; counted from the clock as it is placed." }),
  maxHoldTimeoutSeconds: seconds.default(WEEK).meta({ description: "How long a hold may hold at most." }),
  transferExpiry: z.enum(["kept", "replaced"]).default("kept").meta({
    description: "Whether transferred points keep their expiry, or get that of points earned now.",
  }),
  maxBalance: amount.optional().meta({
    description:
      "A transfer that would bring the receiving account above it is refused; earns and adjustments are not.",
  }),
  adjustmentLimit: amountOrZero.prefault("0").meta({
    description:
      "What one principal may credit or debit alone; above it a second must approve. The one in force now counts, however an adjustment is dated.",
  }),
  adjustmentTimeoutSeconds,
  earnCeiling: ceiling("give, for sales and as opening balances,"),
  adjustmentCeiling: ceiling("credit, debit and write off without a second principal"),
};

export const validFrom = instant.optional().meta({
  description: "When the version begins to hold; a first version from the beginning, a later one from now.",
});

export const earnRule = {
  currency: currencyCode,
  money: currencyCode.meta({ description: "Currency of the spend." }),
  per: amount.meta({ description: "`points` for every `per` minor units of money." }),
  points: amount,
  minimumSpend: amountOrZero.prefault("0").meta({ description: "A smaller spend earns nothing." }),
  maxPerOrder: amount.optional().meta({
    description:
      "At most so many points an earn. A partial return takes back its share of the points that were granted.",
  }),
  maxPerDay: amount.optional().meta({
    description:
      "At most so many points by this rule a member on one local day, that of `occurredAt`. A return frees nothing of it: what was " +
      "earned counts for its day for ever.",
  }),
  rounding: z.enum(["down", "half_up", "half_even", "up"]).default("down").meta({
    description: "What becomes of a fraction of the smallest unit of points.",
  }),
  pendingSeconds: z.int().min(0).max(31_536_000).default(0).meta({
    description: "How long after the sale its points become available.",
  }),
};

export const zone = z
  .string()
  .max(64)
  .refine(isZone, {
    message: "must be a time zone of the IANA database",
    params: { problem: "malformed_value" },
  })
  .meta({ description: "IANA time zone.", examples: ["Asia/Bangkok"] });

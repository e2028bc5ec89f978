import { isZone } from "@taem/domain";
import { fields } from "@taem/http";
import { z } from "zod";

const { amount, amountOrZero, currencyCode, displayName, instant, programmeCode, ruleName, systemName } =
  fields;

const clock = z
  .discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("live") }),
    z.strictObject({ mode: z.literal("replay"), at: instant }),
  ])
  .meta({
    id: "BusinessClock",
    description:
      "`live` follows the server's time; `replay` stands where it is set, at most ten years beyond the server's time.",
  });

const firstClock = clock.optional().meta({
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

const settings = {
  expiry,
  inactivity: term
    .optional()
    .meta({ description: "Everything dies this long after the last earn, burn or capture." }),
  clawback: z.enum(["only_pending", "within_balance", "unlimited"]).default("within_balance"),
  returnGraceDays: z.int().min(0).max(3650).default(0),
  holdTimeoutSeconds: seconds.default(WEEK),
  maxHoldTimeoutSeconds: seconds.default(WEEK),
  transferExpiry: z.enum(["kept", "replaced"]).default("kept"),
  maxBalance: amount.optional().meta({
    description:
      "A transfer that would bring the receiving account above it is refused; earns and adjustments are not.",
  }),
  adjustmentLimit: amountOrZero.prefault("0").meta({
    description:
      "What one principal may credit or debit alone; above it a second must approve. The one in force now counts, however an adjustment is dated.",
  }),
  adjustmentTimeoutSeconds,
};

const validFrom = instant.optional().meta({
  description: "When the version begins to hold; a first version from the beginning, a later one from now.",
});

const earnRule = {
  currency: currencyCode,
  money: currencyCode.meta({ description: "Currency of the spend." }),
  per: amount.meta({ description: "`points` for every `per` minor units of money." }),
  points: amount,
  minimumSpend: amountOrZero.prefault("0"),
  maxPerOrder: amount.optional(),
  maxPerDay: amount.optional(),
  rounding: z.enum(["down", "half_up", "half_even", "up"]).default("down"),
  pendingSeconds: z.int().min(0).max(31_536_000).default(0),
};

const zone = z
  .string()
  .max(64)
  .refine(isZone, {
    message: "must be a time zone of the IANA database",
    params: { problem: "malformed_value" },
  })
  .meta({ description: "IANA time zone.", examples: ["Asia/Bangkok"] });

/** The version that was published last, and when it begins to hold. */
const newestVersion = { version: z.int(), validFrom: instant };

const programmeAnswer = z.strictObject({
  programme: z.string(),
  id: z.string(),
  name: z.string(),
  zone: z.string(),
  clock: z.strictObject({ mode: z.enum(["live", "replay"]), at: instant.optional() }),
  currencies: z.array(z.strictObject({ currency: z.string(), scale: z.int(), ...newestVersion })),
  rules: z.array(z.strictObject({ rule: z.string(), ...newestVersion })),
  /** Source systems that are declared; the keys of any other are of `account` scope. */
  sources: z.array(
    z.strictObject({ system: z.string(), keys: z.enum(["account", "programme"]), retired: z.boolean() }),
  ),
});

const answers = { 200: { description: "The programme as it is now.", schema: programmeAnswer } };
const writing = ["value_not_allowed", "outcome_unknown", "conflict_retry_exhausted", "overloaded"] as const;
const PATH = "/v1/programmes/{programme}";
const declared = { permission: "define", tag: "definitions", responses: answers } as const;

/** Programmes, and what is defined in them. */
export const definitions = {
  programme: {
    ...declared,
    method: "PUT",
    path: PATH,
    summary: "Define a programme, or change its time zone",
    description:
      "A new programme needs a key of the whole installation. Currencies and rules follow. Putting the same again " +
      "changes nothing, also when the clock has moved on since.",
    params: { programme: programmeCode },
    body: z.strictObject({ name: displayName, zone, clock: firstClock }),
    problems: ["programme_exists", "clock_differs", "clock_too_far", ...writing],
  },
  programmeNow: {
    ...declared,
    method: "GET",
    path: PATH,
    permission: ["read", "define", "finance", "earn", "burn"],
    summary: "A programme and its definitions",
    params: { programme: programmeCode },
  },
  currency: {
    ...declared,
    method: "PUT",
    path: `${PATH}/currencies/{currency}`,
    summary: "Define a points currency, or publish new settings for it",
    params: { programme: programmeCode, currency: currencyCode },
    body: z.strictObject({ scale: z.int().min(0).max(6).default(0), validFrom, ...settings }),
    problems: writing,
  },
  rule: {
    ...declared,
    method: "PUT",
    path: `${PATH}/rules/{rule}`,
    summary: "Publish an earn rule, or a new version of it",
    params: { programme: programmeCode, rule: ruleName },
    body: z.strictObject({ validFrom, ...earnRule }),
    problems: ["currency_unknown", ...writing],
  },
  source: {
    ...declared,
    method: "PUT",
    path: `${PATH}/sources/{system}`,
    summary: "Declare how far the keys of a source system reach, or retire it",
    description:
      "`account`, as of every system that is not declared, or `programme`: one effect whoever the member is (orders, " +
      "receipts). A declaration holds for what is decided after it; a system whose keys are known to be in use with " +
      "another scope is refused. Only clients whose `systems` name it send commands of a system of `programme` scope. A " +
      "retired system takes no new commands, until it is declared again; retries of old ones are answered.",
    params: { programme: programmeCode, system: systemName },
    body: z.strictObject({ keys: z.enum(["account", "programme"]), retired: z.boolean().default(false) }),
    problems: ["too_many_sources", "system_in_use", ...writing],
  },
  clock: {
    ...declared,
    method: "PUT",
    path: `${PATH}/clock`,
    summary: "Move a replay clock on, or go live",
    params: { programme: programmeCode },
    body: clock,
    problems: ["clock_live", "clock_backwards", "clock_too_far", ...writing],
  },
} as const;

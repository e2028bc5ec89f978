import { fields } from "@taem/http";
import { z } from "zod";
import type { permissions } from "../permissions.ts";
import type { Answered } from "../problems.ts";
import { DEFAULTS } from "./defaults.ts";

const { amount, amountOrZero, currencyCode, externalId, instant, memberRef, ruleName, source } = fields;

/** What callers can ask of an account: one description serves the routes, the bulk route and the documentation. */

const occurredAt = instant.optional().meta({
  description:
    "When it happened. Left out: the programme's clock as it is decided. At most five minutes ahead of that clock, and any time back to 1970. " +
    "It selects the version of the rule and of the settings, the local day whose cap is used, and what an expiry is counted from; what " +
    "is available, expired or held is judged by the clock, now. It is part of what the command means: stamp it once and send the " +
    "same again, or leave it out each time. A retry that is stamped anew is `key_reused`.",
});
const key = source.optional().meta({
  description:
    "The business key. Left out: the `Idempotency-Key`, under the client's own system. The same key and meaning give the first answer " +
    "again, another meaning is `key_reused`.",
});
const common = { occurredAt, source: key };
const onMember = { currency: currencyCode, ...common };

/** A hold or adjustment: member, currency ordinal and ordinal in the account. */
const ORDINAL_REF = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-[1-9][0-9]{0,5}-[1-9][0-9]{0,9}$/;

/** The account and the ordinal there, so that a route needs no look-up. */
export function ordinalId(member: string, currencyNo: number, no: number): string {
  return `${member}-${currencyNo}-${no}`;
}

const ordinalRef = (id: string, of: string) =>
  fields.textField<string>({
    id,
    description: `Id of ${of}, as the answer that made it gave it.`,
    pattern: ORDINAL_REF.source,
    examples: ["019a51d2-7c3e-7b4a-9f00-5d2c1e8a4b61-1-7"],
    problems: ["malformed_id"],
    decode: (text) =>
      ORDINAL_REF.test(text) ? text : new fields.Fault("malformed_id", "is no id that an answer gave"),
    encode: (text) => text,
  });

/** By the parts of paths that they lie under. */
export const ordinalRefs = {
  holds: ordinalRef("HoldId", "a hold"),
  adjustments: ordinalRef("AdjustmentId", "an adjustment"),
};

const reason = ruleName.meta({ description: "Reason code; never free text." });
/** A field that may be left out: what it then means is filled in where the command is made. */
function defaulted<T extends z.ZodType>(field: T, byDefault: string) {
  return field.optional().meta({ ...field.meta(), default: byDefault });
}

const redemption = ruleName.meta({ description: "Redemption kind, for the trial balance." });

/** Exactly one of the fields says how much. */
const oneOf =
  (...names: string[]) =>
  (body: object): boolean =>
    names.filter((name) => (body as Record<string, unknown>)[name] !== undefined).length === 1;

const problem = (code: Answered, message: string) => ({ message, params: { problem: code } });

export const bodies = {
  earn: {
    ...onMember,
    points: amount.optional().meta({ description: "Points outright; or `spend`." }),
    spend: z
      .strictObject({ amount: amountOrZero, currency: currencyCode, rule: ruleName })
      .optional()
      .meta({ description: "Money that was spent, of which the rule makes points." }),
    expiresAt: instant
      .nullable()
      .optional()
      .meta({
        description:
          "Of an opening balance, which brings its own end; needs the permission `opening`. Exclusive: the first instant at which the " +
          "points are over; null = never. Left out, the currency's expiry policy says when, counted from `occurredAt`.",
      }),
    reason: defaulted(reason, DEFAULTS.earn.reason),
  },
  burn: { ...onMember, points: amount, redemption: defaulted(redemption, DEFAULTS.burn.redemption) },
  hold: {
    ...onMember,
    points: amount,
    redemption: defaulted(redemption, DEFAULTS.hold.redemption),
    timeoutSeconds: z.int().min(1).max(31_536_000).optional().meta({
      description:
        "How long it holds, counted from the clock as it is placed; the currency's `holdTimeoutSeconds` unless told, `maxHoldTimeoutSeconds` at most.",
    }),
  },
  transfer: { ...onMember, points: amount, to: memberRef },
  reverse: {
    ...onMember,
    origin: source.optional().meta({
      description:
        "The source of the earn, burn or capture that comes back. Left out: newest earns first, never more than was earned.",
    }),
    points: amount.optional().meta({ description: "So many points; or `spend`, or `all`." }),
    spend: z
      .strictObject({
        amount,
        rule: ruleName.optional().meta({ description: "Only without an origin, which brings its own." }),
      })
      .optional()
      .meta({
        description:
          "Money that was refunded of a sale. All returns of it together take the share of the points earned that was refunded of the " +
          "money, rounded down: of the points granted, also where a cap cut them.",
      }),
    all: z.literal(true).optional().meta({ description: "All that has not come back yet." }),
    reason: defaulted(reason, DEFAULTS.reverse.reason),
  },
  adjust: { ...onMember, direction: z.enum(["credit", "debit", "write_off"]), points: amount, reason },
  capture: {
    ...common,
    points: amount.optional().meta({
      description:
        "All that is held unless told. A hold is captured once: what is not captured is released by the same command.",
    }),
  },
  void: { ...common },
  approve: { ...common },
  reject: { ...common },
  withdraw: { ...common },
} as const;

export type OperationName = keyof typeof bodies;

/** A rule that was not looked at would be believed. */
const originWithoutRule = [
  (body: { readonly origin?: unknown; readonly spend?: { readonly rule?: unknown } | undefined }): boolean =>
    body.origin === undefined || body.spend?.rule === undefined,
  problem("conflicting_fields", "an origin brings its own rule: leave spend.rule out"),
] as const;

/** What names no sale says itself how much it is. */
const amountWithoutOrigin = [
  (body: {
    readonly origin?: unknown;
    readonly points?: unknown;
    readonly spend?: { readonly rule?: unknown } | undefined;
  }): boolean => body.origin !== undefined || body.points !== undefined || body.spend?.rule !== undefined,
  problem("missing_field", "give the origin; a return without one gives points, or spend with its rule"),
] as const;

export const schemas = {
  earn: z.strictObject(bodies.earn).refine(...exactlyOne("points", "spend")),
  burn: z.strictObject(bodies.burn),
  hold: z.strictObject(bodies.hold),
  transfer: z.strictObject(bodies.transfer),
  reverse: z
    .strictObject(bodies.reverse)
    .refine(...exactlyOne("points", "spend", "all"))
    .refine(...originWithoutRule)
    .refine(...amountWithoutOrigin),
  adjust: z.strictObject(bodies.adjust),
  capture: z.strictObject(bodies.capture),
  void: z.strictObject(bodies.void),
  approve: z.strictObject(bodies.approve),
  reject: z.strictObject(bodies.reject),
  withdraw: z.strictObject(bodies.withdraw),
} as const;

function exactlyOne(...names: string[]) {
  return [oneOf(...names), problem("conflicting_fields", `give exactly one of ${names.join(", ")}`)] as const;
}

/** One line of a bulk request: an operation with its account and its body. */
export const bulkLine = z.discriminatedUnion("op", [
  z
    .strictObject({ op: z.literal("earn"), member: memberRef, ...bodies.earn })
    .refine(...exactlyOne("points", "spend")),
  z.strictObject({ op: z.literal("burn"), member: memberRef, ...bodies.burn }),
  z.strictObject({ op: z.literal("hold"), member: memberRef, ...bodies.hold }),
  z.strictObject({ op: z.literal("transfer"), member: memberRef, ...bodies.transfer }),
  z
    .strictObject({ op: z.literal("reverse"), member: memberRef, ...bodies.reverse })
    .refine(...exactlyOne("points", "spend", "all"))
    .refine(...originWithoutRule)
    .refine(...amountWithoutOrigin),
  z.strictObject({ op: z.literal("adjust"), member: memberRef, ...bodies.adjust }),
  z.strictObject({ op: z.literal("capture"), hold: ordinalRefs.holds, ...bodies.capture }),
  z.strictObject({ op: z.literal("void"), hold: ordinalRefs.holds, ...bodies.void }),
  z.strictObject({ op: z.literal("approve"), adjustment: ordinalRefs.adjustments, ...bodies.approve }),
  z.strictObject({ op: z.literal("reject"), adjustment: ordinalRefs.adjustments, ...bodies.reject }),
  z.strictObject({ op: z.literal("withdraw"), adjustment: ordinalRefs.adjustments, ...bodies.withdraw }),
  z.strictObject({ op: z.literal("enrol"), externalId }),
]);

export type OperationBody = { [N in OperationName]: z.output<(typeof schemas)[N]> };

export const permissionsOf: Record<OperationName, readonly (keyof typeof permissions)[]> = {
  earn: ["earn"],
  burn: ["burn"],
  hold: ["burn"],
  capture: ["burn"],
  void: ["burn"],
  transfer: ["burn"],
  reverse: ["earn"],
  adjust: ["adjust"],
  approve: ["approve"],
  reject: ["approve"],
  withdraw: ["adjust"],
};

import { fields } from "@taem/http";
import { z } from "zod";
import { balance } from "./balance.ts";

const { instant, total } = fields;

/** What a command did. */

const lot = z.strictObject({
  lot: z.int(),
  points: total,
  availableFrom: instant,
  expiresAt: instant.nullable(),
});

const part = z.strictObject({ lot: z.int(), points: total });

const effectSchema = z.strictObject({
  kind: z.enum([
    "earned",
    "burned",
    "held",
    "captured",
    "voided",
    "earn_reversed",
    "burn_reversed",
    "transferred",
    "adjustment_requested",
    "adjustment_rejected",
    "adjustment_withdrawn",
    "adjusted",
    "written_off",
  ]),
  /** Points that moved, were held or asked for. */
  points: total,
  effectiveAt: instant,
  credited: z.array(lot).optional(),
  debited: z.array(part).optional(),
  hold: z.strictObject({ id: z.string(), timeoutAt: instant.optional() }).optional(),
  /** Of a request that waits: when it lapses, absent = never. */
  adjustment: z.strictObject({ id: z.string(), expiresAt: instant.optional() }).optional(),
  transfer: z.strictObject({ id: z.string(), to: z.string() }).optional(),
  rule: z.strictObject({ name: z.string(), version: z.int(), limitedBy: z.string().optional() }).optional(),
  /** Of a return: what became debt, and what was not recovered. */
  clawback: z
    .strictObject({ policy: z.string(), debt: total, waived: total, expired: total, unmatched: total })
    .optional(),
});

export const commandAnswer = z.strictObject({
  member: z.string(),
  currency: z.string(),
  replayed: z.boolean(),
  effect: effectSchema,
  /** The account as of now. */
  balance,
  token: z.string().meta({ description: "Give it to a query to read your write: all that the command did." }),
});

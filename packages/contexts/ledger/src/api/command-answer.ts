import { fields } from "@taem/http";
import { z } from "zod";
import { balance } from "./balance.ts";
import { ending, lastDay, lastDayOrNull } from "./ends.ts";

const { instant, total } = fields;

/** What a command did. */

const lot = z.strictObject({
  lot: z.int(),
  points: total,
  availableFrom: instant,
  expiresAt: instant.nullable().meta(ending("When the lot's points expire by its own terms; null = never.")),
  lastDay: lastDayOrNull,
});

const part = z.strictObject({ lot: z.int(), points: total });

export const waitsBecause = z.enum(["limit", "ceiling", "write_off"]).meta({
  description:
    "Why an adjustment needs a second principal: it is above `adjustmentLimit`, or the client has reached `adjustmentCeiling` on the day, or it writes debt off.",
});

/** Of a burn that is given back: where its points went. What repaid debt is not told here: the statement has it. */
const returned = z
  .strictObject({
    restored: z.array(part).meta({ description: "Back in the lots that they came from." }),
    replaced: z.array(z.strictObject({ ...lot.shape, replaces: z.int() })).meta({
      description:
        "In new lots, for `returnGraceDays`, since the lots that they came from were dead: `replaces` is the first of these.",
    }),
    expired: z.array(part).meta({
      description:
        "Of what is restored: expired at once, since the lot was dead and the currency gives no days of grace.",
    }),
  })
  .meta({ id: "Returned", description: "Where the points of a burn went that is given back." });

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
  points: total.meta({ description: "Points that moved, were held or asked for." }),
  effectiveAt: instant.meta({
    description: "When it counts: `occurredAt`, or later where what it touches became effective later.",
  }),
  credited: z.array(lot).optional().meta({ description: "Lots that it began." }),
  debited: z.array(part).optional().meta({ description: "What it took, or holds, of which lots." }),
  hold: z
    .strictObject({
      id: z.string(),
      timeoutAt: instant.optional().meta(ending("When the hold ends by itself; of one that is placed.")),
      lastDay: lastDay.optional(),
    })
    .optional(),
  adjustment: z
    .strictObject({
      id: z.string(),
      expiresAt: instant.optional().meta(ending("When a request that waits lapses; absent = never.")),
      lastDay: lastDay.optional(),
      because: waitsBecause.optional(),
    })
    .optional(),
  transfer: z.strictObject({ id: z.string(), to: z.string() }).optional(),
  rule: z.strictObject({ name: z.string(), version: z.int(), limitedBy: z.string().optional() }).optional(),
  clawback: z
    .strictObject({ policy: z.string(), debt: total, waived: total, expired: total, unmatched: total })
    .optional()
    .meta({
      description:
        "Of a return: what of it became debt, was waived by the policy, had expired, or stood against no earn.",
    }),
  returned: returned.optional(),
});

export const commandAnswer = z.strictObject({
  member: z.string(),
  currency: z.string(),
  replayed: z.boolean().meta({
    description:
      "It was done before, under the same key: `effect` is told as it was at first, `balance` and `token` are of now.",
  }),
  effect: effectSchema,
  balance: balance.meta({
    description:
      "The account after the command, by the clock; of a repetition the account as it is now, not as it was then.",
  }),
  token: z.string().meta({ description: "Give it to a query to read your write: all that the command did." }),
});

export type CommandAnswer = z.input<typeof commandAnswer>;

import { cursor, cutSchema, fields } from "@taem/http";
import { z } from "zod";
import { STATEMENT_KINDS } from "../domain/index.ts";
import { balance } from "./balance.ts";
import { ending, lastDay, lastDayOrNull } from "./ends.ts";
import { currencyQuery, memberParams, memberProblems, parkedSchema, viewQuery } from "./view.ts";

const { instant, total } = fields;
const nullableInstant = instant.nullable();

const accountHead = {
  member: z.string(),
  currency: z.string(),
  scale: z.int().meta({ description: "Decimal places of the amounts' unit." }),
  at: instant.meta({ description: "The instant that the answer is true at." }),
  knownAt: instant.optional(),
  cut: cutSchema,
  parked: parkedSchema.optional(),
};

const balanceAnswer = z.strictObject({
  ...accountHead,
  balance,
  nextExpiry: z
    .strictObject({
      at: instant.meta(ending("When these points expire, if nothing is done.")),
      lastDay,
      points: total,
    })
    .nullable()
    .meta({ description: "What will be lost first; null = nothing ever." }),
});

export const lotItem = z.strictObject({
  lot: z.int(),
  kind: z.enum(["earn", "transfer", "adjustment", "replacement"]),
  source: z.string().meta({ description: "Source system of an earn; empty for the other kinds." }),
  points: total,
  remaining: total,
  held: total,
  status: z
    .enum(["available", "pending", "due"])
    .meta({ description: "`due`: over, the event that says so still to come." }),
  availableFrom: nullableInstant.meta({ description: "Null = since it began." }),
  expiresAt: nullableInstant.meta(
    ending(
      "When it expires, by its own terms or by the account's inactivity deadline, whichever is earlier; null = never.",
    ),
  ),
  lastDay: lastDayOrNull,
  earnedAt: instant,
  vintage: z.string(),
});

export const businessKey = z.strictObject({ system: z.string(), id: z.string(), leg: z.string() });
const lotPart = z.strictObject({ lot: z.int(), points: total });

export const statementItem = z.strictObject({
  no: z.int().meta({ description: "Ordinal of the event in the account." }),
  kind: z.enum(STATEMENT_KINDS),
  reason: z.string(),
  points: total.meta({ description: "Points that it is about." }),
  delta: total.meta({ description: "Change of the book balance." }),
  book: total.meta({
    description:
      "The book balance after it, as events follow each other by `no`: what came late stands where it was recorded, so that within a span `book` need not begin at the opening.",
  }),
  debt: total.meta({ description: "Change of the debt." }),
  source: businessKey
    .nullable()
    .meta({ description: "The command's business key; null for what time alone did." }),
  occurredAt: instant.meta({ description: "When it happened, as the caller says." }),
  effectiveAt: instant.meta({
    description:
      "From when it counts: `occurredAt`, or later where it touches what is later, such as a lot that was earned or given back since.",
  }),
  recordedAt: instant.meta({ description: "When it came into the log, by the server's time." }),
  accountingDate: fields.localDate.meta({
    description: "The local day that it counts on: of an expiry the last on which its points were valid.",
  }),
  position: z.string(),
  lot: z.int().optional().meta({ description: "The lot that an earn began." }),
  hold: z.string().optional(),
  adjustment: z.string().optional(),
  transfer: z.string().optional(),
  counterparty: z.string().optional().meta({ description: "The other member of a transfer." }),
  rule: z.strictObject({ name: z.string(), version: z.int() }).optional(),
  sales: z
    .array(z.strictObject({ ...lotPart.shape, source: businessKey.nullable() }))
    .optional()
    .meta({
      description:
        "The sales that a return is about, by their lots; `source` is null where the read model has not got there.",
    }),
  waived: total.optional().meta({ description: "What the return left with the member." }),
  burn: z
    .strictObject({ no: z.int(), source: businessKey.nullable() })
    .optional()
    .meta({ description: "The burn that is given back, by its `no`." }),
  restored: z.array(lotPart).optional(),
  replaced: z
    .array(z.strictObject({ ...lotPart.shape, replaces: z.int() }))
    .optional()
    .meta({ description: "Lots that stand in for dead ones." }),
});

export const eventItem = z.strictObject({
  id: z.string(),
  type: z.string(),
  stream: z.string(),
  revision: z.int(),
  position: z.string(),
  slice: z.int(),
  recordedAt: instant,
  version: z.int().meta({ description: "Schema version of the data." }),
  actor: z.string().meta({ description: "Principal of the API key that asked for it." }),
  correlation: z.string(),
  causation: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
});

/** The members of a paged answer about an account; `next` is absent on the last page. */
function pageAnswer<S extends z.ZodType>(item: S) {
  return z.strictObject({ ...accountHead, items: z.array(item), next: z.string().optional() });
}

/** With `from` or `to`: the book balance before the first day and after the last, which the deltas between them lead to. */
const statementAnswer = pageAnswer(statementItem).extend({
  span: z
    .strictObject({
      from: fields.localDate.nullable(),
      to: fields.localDate.nullable(),
      opening: total,
      closing: total,
    })
    .optional(),
});

const MEMBER = "/v1/programmes/{programme}/members/{member}";
const declared = {
  method: "GET",
  permission: "read",
  tag: "members",
  params: memberParams,
  problems: memberProblems,
} as const;
const query = { ...currencyQuery, ...viewQuery };
const limit = fields.pageSize(100, 1_000);
/** Numbers as the database keeps them: any other is of no page. */
const ordinal = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

const revisionCursor = cursor(z.tuple([ordinal])).optional();
/** A place in the burn order. */
const lotCursor = cursor(z.tuple([z.int().nullable(), z.int(), ordinal])).optional();

/** What there is to know of a member's account. */
export const accountQueries = {
  balance: {
    ...declared,
    path: `${MEMBER}/balance`,
    summary: "A member's balance",
    description: "book = available + pending + held + due; debt stands beside it.",
    query,
    responses: { 200: { description: "The balance.", schema: balanceAnswer } },
  },
  lots: {
    ...declared,
    path: `${MEMBER}/lots`,
    summary: "A member's lots with something left, in the order in which they are spent",
    query: { ...query, cursor: lotCursor, limit },
    responses: { 200: { description: "A page of lots.", schema: pageAnswer(lotItem) } },
  },
  statement: {
    ...declared,
    path: `${MEMBER}/statement`,
    summary: "A member's statement, newest line first",
    description:
      "One line for each event of the account, with its reason. The sum of the deltas is the book balance.",
    query: {
      ...query,
      from: fields.localDate.optional().meta({ description: "The first accounting day." }),
      to: fields.localDate.optional().meta({ description: "The last accounting day, itself included." }),
      cursor: revisionCursor,
      limit,
    },
    problems: [...memberProblems, "value_out_of_range"],
    responses: { 200: { description: "A page of lines.", schema: statementAnswer } },
  },
  events: {
    ...declared,
    path: `${MEMBER}/events`,
    summary: "The events of a member's account, as recorded, oldest first",
    description:
      "Always from the event store itself: amounts are decimal strings of minor units, instants RFC 3339.",
    query: { ...query, cursor: revisionCursor, limit },
    responses: { 200: { description: "A page of events.", schema: pageAnswer(eventItem) } },
  },
} as const;

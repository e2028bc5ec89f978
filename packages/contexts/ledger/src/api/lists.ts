import { cursor, cutSchema, fields } from "@taem/http";
import { z } from "zod";
import { ending, lastDayOrNull } from "./ends.ts";
import { parkedCount, programmeParams, viewProblems, viewQuery } from "./view.ts";

const { currencyCode, instant, localDate, total } = fields;

/** What an answer that lists the read model's rows says about itself. */
const head = {
  programme: z.string(),
  currency: z.string(),
  scale: z.int(),
  at: instant.meta({ description: "On the programme's business clock." }),
  cut: cutSchema,
  parked: parkedCount,
};

function pageAnswer<S extends z.ZodType>(item: S) {
  return z.strictObject({ ...head, items: z.array(item), next: z.string().optional() });
}

export const debtorItem = z.strictObject({ member: z.string(), debt: total, book: total });
export const waivedItem = z.strictObject({
  member: z.string(),
  waived: total.meta({
    description: "What returns have left with the member and is taken when points come back that are out.",
  }),
  book: total,
});
export const holdItem = z.strictObject({
  member: z.string(),
  hold: z.string().meta({ description: "As the routes that capture or void it take it." }),
  points: total,
  redemption: z.string(),
  placedAt: instant,
  timeoutAt: instant.meta(ending("When it ends by itself.")),
  lastDay: lastDayOrNull,
});
export const heldLotItem = z.strictObject({
  member: z.string(),
  lot: z.int(),
  held: total,
  expiredAt: instant.meta(
    ending(
      "When it died, by its own terms or by the account's deadline: its points expire as the hold ends.",
    ),
  ),
  lastDay: lastDayOrNull,
  earnedAt: instant,
  vintage: z.string(),
});
export const postingItem = z.strictObject({
  position: z.string(),
  accountingDate: localDate,
  effectiveAt: instant,
  debit: z.string(),
  credit: z.string(),
  points: total,
  member: z.string(),
  statementNo: z.int().meta({ description: "The line of the member's statement, and the event." }),
});

const { consistency, token } = viewQuery;
const common = {
  method: "GET",
  permission: "finance",
  tag: "reports",
  params: programmeParams,
  problems: viewProblems,
} as const;
const limit = fields.pageSize(100, 1_000);
const listQuery = { currency: currencyCode.optional(), consistency, token, limit };
const memberId = z.uuid();
const ordinal = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);
const byMember = { ...listQuery, cursor: cursor(z.tuple([memberId])).optional() };
const byOrdinal = { ...listQuery, cursor: cursor(z.tuple([memberId, ordinal])).optional() };
const PROGRAMME = "/v1/programmes/{programme}";

/** What the reports' figures are made of, as the read model has it now, page by page. */
export const lists = {
  debtors: {
    ...common,
    path: `${PROGRAMME}/debtors`,
    summary: "The members who owe points back",
    query: byMember,
    responses: { 200: { description: "A page of debtors.", schema: pageAnswer(debtorItem) } },
  },
  waived: {
    ...common,
    path: `${PROGRAMME}/waived`,
    summary: "The members with whom returns have left points that are taken when they come back",
    query: byMember,
    responses: { 200: { description: "A page of members.", schema: pageAnswer(waivedItem) } },
  },
  holds: {
    ...common,
    path: `${PROGRAMME}/holds`,
    summary: "The open holds",
    query: byOrdinal,
    responses: { 200: { description: "A page of holds.", schema: pageAnswer(holdItem) } },
  },
  heldPastExpiry: {
    ...common,
    path: `${PROGRAMME}/held-past-expiry`,
    summary: "The lots that have expired but are named by open holds",
    query: byOrdinal,
    responses: { 200: { description: "A page of lots.", schema: pageAnswer(heldLotItem) } },
  },
  postings: {
    ...common,
    path: `${PROGRAMME}/postings`,
    summary: "The postings of a ledger account, newest first",
    description: "As events have made them: what is due but not swept is in the trial balance, and not here.",
    query: {
      ...listQuery,
      account: z
        .string()
        .min(1)
        .max(200)
        .regex(/^\P{Cc}+$/u)
        .meta({ description: "A ledger account, as the trial balance names it." }),
      from: localDate.optional().meta({ description: "The first accounting day." }),
      to: localDate.optional().meta({ description: "The last accounting day, itself included." }),
      cursor: cursor(
        z.tuple([z.string().regex(/^[0-9A-Za-z]{1,64}$/), z.int().min(0).max(32_767)]),
      ).optional(),
    },
    responses: { 200: { description: "A page of postings.", schema: pageAnswer(postingItem) } },
  },
} as const;

export type ListQuery = { readonly [Name in keyof typeof listQuery]: z.output<(typeof listQuery)[Name]> };

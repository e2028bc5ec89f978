import { type Balance, diesAt, free, type Lot, openLots, settledAt } from "@taem/domain";
import { fields } from "@taem/http";
import { z } from "zod";
import type { Seen, Standing, View } from "../queries/account-reader.ts";
import { type AccountRef, identityOf } from "../queries/account-ref.ts";
import type { StatementEntry } from "../queries/statement.ts";
import { STATEMENT_KINDS } from "../read-model/statement-line.ts";
import { cutBody, cutSchema, instantOrNull, nullableInstant, parkedBody, parkedSchema } from "./answers.ts";

const { formatInstant, instant, total } = fields;

/** How an account is shown. */

const accountHead = {
  member: z.string(),
  currency: z.string(),
  /** Decimal places of the amounts' unit. */
  scale: z.int(),
  /** The instant that the answer is true at. */
  at: instant,
  knownAt: instant.optional(),
  cut: cutSchema,
  parked: parkedSchema.optional(),
};

export function headBody({ member, currency }: AccountRef, { knownAt }: View, { at, cut, parked }: Standing) {
  return {
    member,
    currency: currency.code,
    scale: currency.scale,
    at: formatInstant(at),
    ...(knownAt === undefined ? {} : { knownAt: formatInstant(knownAt) }),
    cut: cutBody(cut),
    ...parkedBody(parked),
  };
}

export const balanceAnswer = z.strictObject({
  ...accountHead,
  balance: z.strictObject({
    book: total,
    available: total,
    pending: total,
    held: total,
    due: total,
    debt: total,
  }),
  /** What will be lost first, if nothing is done. */
  nextExpiry: z.strictObject({ at: instant, points: total }).nullable(),
});

export function balanceBody({ book, available, pending, held, due, debt }: Balance) {
  return {
    book: String(book),
    available: String(available),
    pending: String(pending),
    held: String(held),
    due: String(due),
    debt: String(debt),
  };
}

export function nextExpiry({ programme, currency, member }: AccountRef, { state, at }: Seen) {
  const view = settledAt(state, identityOf(programme, currency.code, member), at);
  let first = Number.POSITIVE_INFINITY;
  let points = 0n;
  for (const lot of openLots(view)) {
    const dies = diesAt(lot, view);
    if (dies <= at || free(lot) === 0n) continue;
    if (dies < first) [first, points] = [dies, 0n];
    if (dies === first) points += free(lot);
  }
  return Number.isFinite(first) ? { at: formatInstant(first), points: String(points) } : null;
}

export const lotItem = z.strictObject({
  lot: z.int(),
  kind: z.enum(["earn", "transfer", "adjustment", "replacement"]),
  /** Source system of an earn; empty for the other kinds. */
  source: z.string(),
  points: total,
  remaining: total,
  held: total,
  /** `due`: over, the event that says so still to come. */
  status: z.enum(["available", "pending", "due"]),
  /** Null = since it began. */
  availableFrom: nullableInstant,
  /** By its own terms or by the account's inactivity deadline, whichever is earlier; null = never. */
  expiresAt: nullableInstant,
  earnedAt: instant,
  vintage: z.string(),
});

export function lotBody(lot: Lot, { state, at }: Seen): z.input<typeof lotItem> {
  const dies = diesAt(lot, state);
  return {
    lot: lot.no,
    kind: lot.kind,
    source: lot.source,
    points: String(lot.amount),
    remaining: String(lot.remaining),
    held: String(lot.held),
    status: dies <= at ? "due" : lot.availableFrom > at ? "pending" : "available",
    availableFrom: lot.availableFrom === 0 ? null : formatInstant(lot.availableFrom),
    expiresAt: instantOrNull(dies),
    earnedAt: formatInstant(lot.earnedAt),
    vintage: lot.vintage,
  };
}

export const statementItem = z.strictObject({
  /** Ordinal of the event in the account. */
  no: z.int(),
  kind: z.enum(STATEMENT_KINDS),
  reason: z.string(),
  /** Points that it is about. */
  points: total,
  /** Change of the book balance, and the book balance after it. */
  delta: total,
  book: total,
  /** Change of the debt. */
  debt: total,
  /** The command's business key; null for what time alone did. */
  source: z.strictObject({ system: z.string(), id: z.string(), leg: z.string() }).nullable(),
  occurredAt: instant,
  effectiveAt: instant,
  recordedAt: instant,
  position: z.string(),
});

export function statementBody(entry: StatementEntry): z.input<typeof statementItem> {
  return {
    no: entry.revision,
    kind: entry.kind,
    reason: entry.reason,
    points: String(entry.amount),
    delta: String(entry.delta),
    book: String(entry.book),
    debt: String(entry.debt),
    source: entry.key === undefined ? null : { ...entry.key },
    occurredAt: formatInstant(entry.occurredAt),
    effectiveAt: formatInstant(entry.effectiveAt),
    recordedAt: formatInstant(entry.recordedAt),
    position: entry.position,
  };
}

/** The members of a paged answer about an account; `next` is absent on the last page. */
export function pageAnswer<S extends z.ZodType>(item: S) {
  return z.strictObject({ ...accountHead, items: z.array(item), next: z.string().optional() });
}

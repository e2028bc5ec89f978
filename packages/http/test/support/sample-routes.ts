import { z } from "zod";
import { cursor, fieldFault, fields, pageOf, type Route, route } from "../../src/index.ts";

const {
  amount,
  currencyCode,
  idempotencyKey,
  instant,
  memberRef,
  pageSize,
  programmeCode,
  ruleName,
  source,
  total,
  uuid,
} = fields;

const MEMBER = "/v1/programmes/{programme}/members/{member}";
const member = { programme: programmeCode, member: memberRef };

const earnBody = z
  .strictObject({
    points: amount.optional(),
    spend: z.strictObject({ amount, rule: ruleName }).optional(),
    currency: currencyCode,
    occurredAt: instant.optional(),
    source: source.optional(),
    channel: z.enum(["pos", "web"]).optional(),
    tags: z.array(z.string().max(8)).max(2).optional(),
  })
  .superRefine((body, context) => {
    if ((body.points === undefined) !== (body.spend === undefined)) return;
    context.addIssue(fieldFault("conflicting_fields", "give points or spend"));
  });

/** What the handler was given, so that a test sees what became of the request. */
export type Seen = (content: unknown) => void;

export function earnRoute(seen: Seen = () => {}): Route {
  return route({
    method: "POST",
    path: `${MEMBER}/earn`,
    permission: "earn",
    tag: "points",
    summary: "Earn points",
    params: member,
    headers: { "idempotency-key": idempotencyKey.optional() },
    body: earnBody,
    responses: { 201: { description: "Earned.", schema: z.object({ balance: total }) } },
    problems: ["conflicting_fields", "insufficient_points", "outcome_unknown"],
    handler: (content, { principal }) => {
      seen({ ...content, principal });
      return { status: 201, body: { balance: String(content.body.points ?? 0n) } };
    },
  });
}

export function lotsRoute(seen: Seen = () => {}): Route {
  return route({
    method: "GET",
    path: `${MEMBER}/lots`,
    permission: ["read", "finance"],
    tag: "points",
    summary: "Lots",
    params: member,
    query: {
      currency: currencyCode,
      asOf: instant.optional(),
      limit: pageSize(50, 500),
      cursor: cursor(z.tuple([z.int(), z.string()])).optional(),
    },
    responses: { 200: { description: "A page.", schema: pageOf(z.object({ lot: z.string() })) } },
    handler: ({ params, query }) => {
      seen({ params, query });
      return { status: 200, body: { items: [] } };
    },
  });
}

export function holdRoute(): Route {
  return route({
    method: "PUT",
    path: "/v1/programmes/{programme}/holds/{hold}/void",
    permission: "burn",
    tag: "points",
    summary: "Void a hold",
    params: { programme: programmeCode, hold: uuid },
    responses: { 204: { description: "Voided." } },
    handler: () => ({ status: 204 }),
  });
}

import { fields, pageFrom, type Route, route } from "@taem/http";
import type { Instant } from "@taem/kernel";
import type { Transactional } from "@taem/postgres";
import { proposalBody } from "@taem/programme/api";
import { businessNow, type Programme, type Proposal } from "@taem/programme/definitions";
import type { Clock } from "@taem/runtime";
import type { z } from "zod";
import { readModelCut } from "../queries/cut.ts";
import { countParkedAccounts } from "../queries/parked-accounts.ts";
import { type WaitingAdjustment, waitingAdjustments } from "../queries/waiting-adjustments.ts";
import { type approvalItem, approvals } from "./approvals.ts";
import { endBodyOrNull } from "./ends.ts";
import { ordinalId } from "./operation-bodies.ts";
import type { Requests } from "./request.ts";

export interface ApprovalRoutesPlatform {
  readonly database: Transactional;
  readonly clock: Clock;
  readonly requests: Requests;
}

type Waiting = { readonly proposal: Proposal } | { readonly adjustment: WaitingAdjustment };

/** The proposals from the programme itself, the adjustments from the read model. */
export function approvalRoutes({ database, clock, requests }: ApprovalRoutesPlatform): Route[] {
  return [
    route({
      ...approvals.waiting,
      handler: async ({ params, query }, { deadline }) => {
        const { kind, cursor: place, limit } = query;
        const programme = await requests.newestProgramme(params.programme);
        const now = businessNow(programme, clock.now());
        const found: Waiting[] = [];
        if (kind !== "adjustment" && place?.[0] !== "adjustment") {
          const after = place?.[1] ?? 0;
          const rest = [...programme.proposals.open.values()].filter(({ no }) => no > after);
          found.push(...rest.map((proposal) => ({ proposal })));
        }
        const room = kind === "proposal" ? 0 : limit + 1 - found.length;
        const after = place?.[0] === "adjustment" ? place[1] : "";
        const read = () =>
          database.transaction(
            async (sql) => ({
              cut: await readModelCut(sql),
              rows: room > 0 ? await waitingAdjustments(sql, programme, { after, now, limit: room }) : [],
              parked: await countParkedAccounts(sql, programme.id),
            }),
            { snapshot: true },
          );
        const reading = { read, upTo: ({ cut }: Awaited<ReturnType<typeof read>>) => cut.position };
        const { rows, parked } = await requests.reach.everywhere(programme.id, query, deadline, reading);
        found.push(...rows.map((adjustment) => ({ adjustment })));
        const body = pageFrom(found, limit, placeOf, (waiting) => itemOf(waiting, programme, now));
        return { status: 200, body: { parked, ...body } };
      },
    }),
  ];
}

function placeOf(waiting: Waiting): readonly unknown[] {
  return "proposal" in waiting
    ? ["proposal", waiting.proposal.no]
    : ["adjustment", waiting.adjustment.position];
}

function itemOf(waiting: Waiting, programme: Programme, now: Instant): z.input<typeof approvalItem> {
  if ("proposal" in waiting) {
    const { proposal: id, ...body } = proposalBody(programme, waiting.proposal);
    return { kind: "proposal", id, expiresAt: null, lastDay: null, ...body };
  }
  const { member, currency, no, direction, amount, reason, because, source, ...asked } = waiting.adjustment;
  const { requestedBy, occurredAt, expiresAt } = asked;
  const { formatInstant } = fields;
  return {
    kind: "adjustment",
    id: ordinalId(member, currency.no, no),
    requestedBy,
    requestedAt: formatInstant(occurredAt),
    ...endBodyOrNull("expiresAt", programme, expiresAt, now),
    member,
    currency: currency.code,
    direction,
    points: String(amount),
    reason,
    because,
    source,
  };
}

import { fields } from "@taem/http";
import { memberAnswer } from "@taem/member/api";
import { z } from "zod";
import type { Answered } from "../problems.ts";
import { commandAnswer } from "./command-answer.ts";
import { bulkLine, type OperationName, ordinalRefs, permissionsOf, schemas } from "./operation-bodies.ts";

const { idempotencyKey, memberRef, programmeCode } = fields;

const headers = { "idempotency-key": idempotencyKey.optional() };
const responses = {
  201: { description: "Done now.", schema: commandAnswer },
  200: { description: "Done before, under the same key: the same effect.", schema: commandAnswer },
};

/** Of what may need a second principal. */
const waitingResponses = {
  ...responses,
  202: {
    description:
      "It waits for a second principal, now or under the same key before: nothing has moved. Approve it under its id.",
    schema: commandAnswer,
  },
};

/** What any command on an account may be refused with, beside what is its own. */
const onAccount = [
  "source_retired",
  "programme_unknown",
  "member_unknown",
  "currency_unknown",
  "key_required",
  "key_reused",
  "occurred_at_in_future",
  "time_out_of_range",
  "overloaded",
  "outcome_unknown",
  "conflict_retry_exhausted",
] as const;

/** Problems of each operation's own. */
const problemsOf: Readonly<Record<OperationName, readonly Answered[]>> = {
  earn: [
    "conflicting_fields",
    "rule_unknown",
    "rule_not_valid",
    "wrong_currency",
    "amount_too_large",
    "balance_too_large",
    "expiry_too_far",
    "earn_ceiling_reached",
  ],
  burn: ["insufficient_points"],
  hold: ["insufficient_points", "hold_timeout_too_long"],
  transfer: ["insufficient_points", "transfer_to_self", "balance_limit_exceeded"],
  reverse: [
    "conflicting_fields",
    "origin_unknown",
    "origin_of_another_account",
    "origin_not_reversible",
    "origin_without_spend",
    "reversal_exceeds_origin",
    "refund_exceeds_sale",
    "balance_too_large",
    "rule_unknown",
    "rule_not_valid",
    "wrong_currency",
  ],
  adjust: [
    "insufficient_points",
    "no_debt",
    "too_many_adjustments",
    "adjustment_ceiling_reached",
    "balance_too_large",
  ],
  capture: ["hold_unknown", "hold_closed", "capture_exceeds_hold"],
  void: ["hold_unknown", "hold_closed"],
  approve: [
    "adjustment_unknown",
    "adjustment_closed",
    "approver_must_differ",
    "insufficient_points",
    "no_debt",
    "balance_too_large",
  ],
  reject: ["adjustment_unknown", "adjustment_closed", "approver_must_differ"],
  withdraw: ["adjustment_unknown", "adjustment_closed", "requester_must_withdraw"],
};

const PROGRAMME = "/v1/programmes/{programme}";
const MEMBER = `${PROGRAMME}/members/{member}` as const;

/** Operations on an account that the path names by its member. */
export const memberOperations = {
  earn: onMember("earn", "earn", "Give points, outright or for a spend"),
  burn: onMember("burn", "burn", "Spend points"),
  hold: onMember("hold", "holds", "Set points aside until they are captured or released"),
  transfer: {
    ...onMember("transfer", "transfers", "Move points to another member"),
    description:
      "Where the receiving account refuses, the points have left and come back by then: the problem carries the `token` of that.",
  },
  reverse: onMember("reverse", "reversals", "Take an earn back, or give a burn back"),
  adjust: {
    ...onMember("adjust", "adjustments", "Change a balance by hand"),
    description:
      "Above the currency's `adjustmentLimit`, beyond its `adjustmentCeiling` of the day, and for every write-off, it waits " +
      "for a second principal (202) until the currency's `adjustmentTimeoutSeconds` are over; in a programme that is run " +
      "single-handed it is done at once, up to the ceiling.",
    responses: waitingResponses,
  },
};

/** Second phases: what they are about has an id. */
export const ordinalOperations = {
  capture: onOrdinal("capture", "holds", "Spend what a hold set aside, all or part"),
  void: onOrdinal("void", "holds", "Release a hold"),
  approve: onOrdinal("approve", "adjustments", "Approve an adjustment, as a second principal"),
  reject: onOrdinal("reject", "adjustments", "Turn an adjustment down, as a second principal"),
  withdraw: onOrdinal("withdraw", "adjustments", "Take back an adjustment that one has asked for"),
};

function onMember<N extends OperationName, const P extends string>(name: N, path: P, summary: string) {
  const params = { programme: programmeCode, member: memberRef };
  return { ...operation(name, summary), path: `${MEMBER}/${path}`, params } as const;
}

function onOrdinal<N extends OperationName, const K extends keyof typeof ordinalRefs>(
  name: N,
  kind: K,
  summary: string,
) {
  const params = { programme: programmeCode, id: ordinalRefs[kind] };
  return { ...operation(name, summary), path: `${PROGRAMME}/${kind}/{id}/${name}`, params } as const;
}

function operation<N extends OperationName>(name: N, summary: string) {
  return {
    method: "POST",
    permission: permissionsOf[name],
    tag: "commands",
    summary,
    headers,
    body: schemas[name],
    responses,
    problems: [...onAccount, ...problemsOf[name]],
  } as const;
}

/** Any of the operations, or an enrolment, a line. */
export const bulk = {
  method: "POST",
  path: `${PROGRAMME}/commands`,
  permission: ["earn", "burn", "opening", "adjust", "approve"],
  tag: "commands",
  summary: "Many commands in one request",
  description:
    "One JSON object a line, each answered alone and in order. Lines of one account apply in their order; each needs a `source`. " +
    "An adjustment that waits for a second principal has the status 202. After a line that is refused with `earn_ceiling_reached` the " +
    "later lines of its account are, too: they would overtake it.",
  params: { programme: programmeCode },
  line: bulkLine,
  result: z.union([commandAnswer, memberAnswer]),
  problems: [...new Set([...Object.values(problemsOf).flat(), ...onAccount])],
} as const;

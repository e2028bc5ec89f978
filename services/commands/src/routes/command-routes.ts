import { ApiError, type AuthenticatedContext, fields, type ProblemCode, type Route, route } from "@taem/http";
import { z } from "zod";
import { asProblem, type CommandService, type Request, type Target } from "../command-service.ts";
import { commandAnswer } from "../effect.ts";
import type { Enrolment } from "../members.ts";
import { type OperationBody, type OperationName, ordinalRef, schemas, scopesOf } from "../operations.ts";
import { callerOf } from "./definition-routes.ts";

const { externalId, formatInstant, idempotencyKey, instant, memberRef, programmeCode } = fields;

const headers = { "idempotency-key": idempotencyKey.optional() };
const responses = {
  201: { description: "Done now.", schema: commandAnswer },
  200: { description: "Done before, under the same key: the same effect.", schema: commandAnswer },
};
const tag = "commands";

/** What any command on an account may be refused with, beside what is its own. */
const onAccount: readonly ProblemCode[] = [
  "programme_unknown",
  "member_unknown",
  "currency_unknown",
  "key_required",
  "key_reused",
  "occurred_at_in_future",
  "overloaded",
  "outcome_unknown",
  "conflict_retry_exhausted",
];

/** Problems of each operation's own. */
export const problemsOf: Readonly<Record<OperationName, readonly ProblemCode[]>> = {
  earn: ["conflicting_fields", "rule_unknown", "rule_not_valid", "wrong_currency", "amount_too_large"],
  burn: ["insufficient_points"],
  hold: ["insufficient_points", "hold_timeout_too_long"],
  transfer: ["insufficient_points", "transfer_to_self", "balance_limit_exceeded"],
  reverse: [
    "conflicting_fields",
    "origin_unknown",
    "origin_not_reversible",
    "origin_without_spend",
    "reversal_exceeds_origin",
    "refund_exceeds_sale",
    "rule_unknown",
    "rule_not_valid",
    "wrong_currency",
  ],
  adjust: ["insufficient_points", "no_debt"],
  capture: ["hold_unknown", "hold_closed", "capture_exceeds_hold"],
  void: ["hold_unknown", "hold_closed"],
  approve: ["adjustment_unknown", "approver_must_differ", "insufficient_points", "no_debt"],
};

const PROGRAMME = "/v1/programmes/{programme}";
const MEMBER = `${PROGRAMME}/members/{member}` as const;

export function commandRoutes(service: CommandService): Route[] {
  const run = async <N extends OperationName>(
    name: N,
    { params, target, headers: given, body }: Given<N>,
    context: AuthenticatedContext,
  ) => {
    const request: Request<N> = {
      name,
      programme: params.programme,
      target,
      body,
      idempotencyKey: given["idempotency-key"],
      principal: context.principal,
    };
    try {
      return await service.run(request, callerOf(context));
    } catch (error) {
      throw asProblem(error);
    }
  };

  const onMember = <N extends OperationName, P extends string>(name: N, path: P, summary: string): Route =>
    route({
      method: "POST",
      path: `${MEMBER}/${path}` as typeof MEMBER,
      scope: scopesOf[name],
      tag,
      summary,
      params: { programme: programmeCode, member: memberRef },
      headers,
      body: schemas[name],
      responses,
      problems: [...onAccount, ...problemsOf[name]],
      handler: ({ params, headers: given, body }, context) =>
        run(
          name,
          { params, target: { member: params.member }, headers: given, body: body as OperationBody[N] },
          context,
        ),
    });

  const onOrdinal = <N extends OperationName>(
    name: N,
    kind: "holds" | "adjustments",
    summary: string,
  ): Route =>
    route({
      method: "POST",
      path: `${PROGRAMME}/${kind}/{id}/${name}` as `${typeof PROGRAMME}/{id}`,
      scope: scopesOf[name],
      tag,
      summary,
      params: { programme: programmeCode, id: ordinalRef },
      headers,
      body: schemas[name],
      responses,
      problems: [...onAccount, ...problemsOf[name]],
      handler: ({ params, headers: given, body }, context) =>
        run(
          name,
          { params, target: { ordinal: params.id }, headers: given, body: body as OperationBody[N] },
          context,
        ),
    });

  return [
    ...memberRoutes(service),
    onMember("earn", "earn", "Give points, outright or for a spend"),
    onMember("burn", "burn", "Spend points"),
    onMember("hold", "holds", "Set points aside until they are captured or released"),
    onMember("transfer", "transfers", "Move points to another member"),
    onMember("reverse", "reversals", "Take an earn back, or give a burn back"),
    onMember("adjust", "adjustments", "Change a balance by hand"),
    onOrdinal("capture", "holds", "Spend what a hold set aside, all or part"),
    onOrdinal("void", "holds", "Release a hold"),
    onOrdinal("approve", "adjustments", "Approve an adjustment, as a second principal"),
  ];
}

interface Given<N extends OperationName> {
  readonly params: { readonly programme: string };
  readonly target: Target;
  readonly headers: { readonly "idempotency-key"?: string | undefined };
  readonly body: OperationBody[N];
}

function enrolmentOf(
  { externalId: id }: { readonly externalId?: string | undefined },
  given: Given<OperationName>["headers"],
  { principal }: AuthenticatedContext,
): Enrolment {
  if (id !== undefined) return { externalId: id };
  const idempotencyKey = given["idempotency-key"];
  if (idempotencyKey === undefined) {
    throw new ApiError("key_required", {
      detail: "Give externalId in the body, or an Idempotency-Key header.",
    });
  }
  return { keyId: principal.keyId, idempotencyKey };
}

const memberAnswer = z.strictObject({ member: z.string(), enrolledAt: instant });

function memberRoutes(service: CommandService): Route[] {
  return [
    route({
      method: "POST",
      path: `${PROGRAMME}/members`,
      scope: ["earn", "admin"],
      tag: "members",
      summary: "Enrol a member",
      description:
        "Enrolling again with the same external id, or without one with the same Idempotency-Key, finds the member.",
      params: { programme: programmeCode },
      headers,
      body: z.strictObject({ externalId: externalId.optional() }),
      responses: {
        201: { description: "Enrolled now.", schema: memberAnswer },
        200: { description: "Enrolled before, under the same external id.", schema: memberAnswer },
      },
      problems: ["programme_unknown", "key_required", "overloaded", "outcome_unknown"],
      handler: async ({ params, headers: given, body }, context) => {
        const { member, isNew } = await service
          .enrol(params.programme, enrolmentOf(body, given, context), callerOf(context))
          .catch((error: unknown) => Promise.reject(asProblem(error)));
        const answer = { member: member.id, enrolledAt: formatInstant(member.enrolledAt) };
        return { status: isNew ? 201 : 200, body: answer };
      },
    }),
    route({
      method: "GET",
      path: MEMBER,
      scope: ["read", "earn", "burn", "admin"],
      tag: "members",
      summary: "A member",
      params: { programme: programmeCode, member: memberRef },
      responses: { 200: { description: "The member.", schema: memberAnswer } },
      problems: ["programme_unknown", "member_unknown"],
      handler: async ({ params }) => {
        const member = await service
          .member(params.programme, params.member)
          .catch((error: unknown) => Promise.reject(asProblem(error)));
        return { status: 200, body: { member: member.id, enrolledAt: formatInstant(member.enrolledAt) } };
      },
    }),
  ];
}

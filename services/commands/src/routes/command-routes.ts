import {
  type MemberAnswer,
  memberOperations,
  members,
  type OperationBody,
  type OperationName,
  ordinalOperations,
} from "@taem/api";
import { ApiError, type AuthenticatedContext, fields, type Route, route } from "@taem/http";
import type { z } from "zod";
import { asProblem, type CommandService, type Request, type Target } from "../command-service.ts";
import type { Enrolment, Member } from "../members.ts";
import { callerOf, rethrow } from "./definition-routes.ts";

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

  const onMember = (name: keyof typeof memberOperations): Route =>
    route({
      ...memberOperations[name],
      body: memberOperations[name].body as z.ZodType<OperationBody[typeof name]>,
      responses: memberOperations[name].responses as (typeof memberOperations)["adjust"]["responses"],
      handler: ({ params, headers, body }, context) =>
        run(name, { params, target: { member: params.member }, headers, body }, context),
    });

  const onOrdinal = (name: keyof typeof ordinalOperations): Route =>
    route({
      ...ordinalOperations[name],
      body: ordinalOperations[name].body as z.ZodType<OperationBody[typeof name]>,
      handler: ({ params, headers, body }, context) =>
        run(name, { params, target: { ordinal: params.id }, headers, body }, context),
    });

  return [
    ...memberRoutes(service),
    ...namesOf(memberOperations).map(onMember),
    ...namesOf(ordinalOperations).map(onOrdinal),
  ];
}

function namesOf<T extends object>(operations: T): (keyof T)[] {
  return Object.keys(operations) as (keyof T)[];
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
  return { client: principal.client, idempotencyKey };
}

function memberRoutes(service: CommandService): Route[] {
  return [
    route({
      ...members.enrol,
      handler: async ({ params, headers, body }, context) => {
        const { member, isNew } = await service
          .enrol(params.programme, enrolmentOf(body, headers, context), callerOf(context))
          .catch(rethrow);
        return { status: isNew ? 201 : 200, body: memberBody(member) };
      },
    }),
    route({
      ...members.member,
      handler: async ({ params }) => {
        const member = await service.member(params.programme, params.member).catch(rethrow);
        return { status: 200, body: memberBody(member) };
      },
    }),
  ];
}

export function memberBody({ id, enrolledAt }: Member): MemberAnswer {
  return { member: id, enrolledAt: fields.formatInstant(enrolledAt) };
}

import { callerOf } from "@taem/host";
import { type AuthenticatedContext, type Route, route } from "@taem/http";
import type { z } from "zod";
import type { CommandService, Request, Target } from "../application/command-service.ts";
import { memberOperations, ordinalOperations } from "./commands.ts";
import type { OperationBody, OperationName } from "./operation-bodies.ts";

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
    return await service.run(request, callerOf(context));
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

  return [...namesOf(memberOperations).map(onMember), ...namesOf(ordinalOperations).map(onOrdinal)];
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

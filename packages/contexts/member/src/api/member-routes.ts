import { callerOf } from "@taem/host";
import { ApiError, type AuthenticatedContext, type Route, route } from "@taem/http";
import { businessNow, type Programme } from "@taem/programme/definitions";
import type { Enrolments } from "../application/enrolments.ts";
import type { Enrolment, Members } from "../application/members.ts";
import { memberBody, members } from "./members.ts";

/** Which programmes there are: their context knows, and the host hands it in. Refuses with `programme_unknown`. */
export interface ProgrammeDirectory {
  /** As it was a little while ago at most. */
  get(code: string): Promise<Programme>;
  /** As it was at some time: what it says of ids is true for ever. */
  named(code: string): Promise<Programme>;
}

function enrolmentOf(
  { externalId: id }: { readonly externalId?: string | undefined },
  given: { readonly "idempotency-key"?: string | undefined },
  { principal }: AuthenticatedContext,
): Enrolment {
  if (id !== undefined) return { externalId: id };
  const idempotencyKey = given["idempotency-key"];
  if (idempotencyKey === undefined) {
    throw new ApiError("key_required", {
      detail: "Give externalId in the body, or an Idempotency-Key header.",
    });
  }
  return { client: principal.id, idempotencyKey };
}

export interface MemberRoutesOptions {
  readonly members: Members;
  readonly enrolments: Enrolments;
  readonly programmes: ProgrammeDirectory;
  /** The server's time. */
  readonly now: () => number;
}

export function memberRoutes({ members: known, enrolments, programmes, now }: MemberRoutesOptions): Route[] {
  return [
    route({
      ...members.enrol,
      handler: async ({ params, headers, body }, context) => {
        const programme = await programmes.get(params.programme);
        const at = businessNow(programme, now());
        const { member, isNew } = await enrolments.enrol(
          programme.id,
          enrolmentOf(body, headers, context),
          at,
          callerOf(context),
        );
        return { status: isNew ? 201 : 200, body: memberBody(member) };
      },
    }),
    route({
      ...members.member,
      handler: async ({ params }) => {
        const { id } = await programmes.named(params.programme);
        const member = await known.resolve(id, params.member);
        return { status: 200, body: memberBody(member) };
      },
    }),
  ];
}

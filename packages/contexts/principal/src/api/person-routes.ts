import { rethrow } from "@taem/host";
import { type AuthenticatedContext, actorOf, fields, type Route, route } from "@taem/http";
import type { KeyUses } from "../key-uses.ts";
import { type Keeping, type People, readPeople } from "../people.ts";
import { type HeldRole, type Person, reachesPerson, reachesRole } from "../person.ts";
import { PrincipalError } from "../problems.ts";
import { peopleProjection } from "../read-model/people-projection.ts";
import { peopleAfter } from "../read-model/principals-after.ts";
import { Listing, type ListTools } from "./listing.ts";
import { peopleRoutes as described, type PersonAnswer } from "./people.ts";

export interface PersonRoutesOptions {
  readonly people: People;
  /** When people were last there, in milliseconds since the epoch. */
  readonly lastUses: KeyUses["lastUses"];
}

/** People, managed by whoever may: in the programmes that the caller reaches. */
export function personRoutes({ people, lastUses }: PersonRoutesOptions): Route[] {
  const bodyOf = async (person: Person, { principal }: AuthenticatedContext) =>
    answerOf(person, principal, (await lastUses([person.id])).get(person.id));
  return [
    route({
      ...described.add,
      handler: async ({ body }, context) => {
        const added = await people.add(body.label, rolesIn(body), keepingOf(context)).catch(rethrow);
        return { status: 201, body: await bodyOf(added, context) };
      },
    }),
    route({
      ...described.person,
      handler: async ({ params }, context) => {
        const person = await people.find(params.person, keepingOf(context)).catch(rethrow);
        if (person === undefined || !reachesPerson(context.principal, person))
          throw new PrincipalError("person_unknown");
        return { status: 200, body: await bodyOf(person, context) };
      },
    }),
    route({
      ...described.setRoles,
      handler: async ({ params, body }, context) => {
        const person = await people.setRoles(params.person, rolesIn(body), keepingOf(context)).catch(rethrow);
        return { status: 200, body: await bodyOf(person, context) };
      },
    }),
    route({
      ...described.deactivate,
      handler: async ({ params }, context) => {
        const person = await people.deactivate(params.person, keepingOf(context)).catch(rethrow);
        return { status: 200, body: await bodyOf(person, context) };
      },
    }),
  ];
}

/** Who there is comes from a read model, what each may do from the person's own stream. */
export function peopleListRoute(tools: ListTools): Route {
  const { store, lastUses } = tools;
  const listing = new Listing(tools, peopleProjection(), peopleAfter);
  return route({
    ...described.list,
    handler: async ({ query }, context) => {
      const { principal } = context;
      const { items, ...rest } = await listing.page(query, context);
      const people = await readPeople(store, items).catch(rethrow);
      const reached = people.filter((person) => reachesPerson(principal, person));
      const seen = await lastUses(reached.map(({ id }) => id));
      return {
        status: 200,
        body: { items: reached.map((person) => answerOf(person, principal, seen.get(person.id))), ...rest },
      };
    },
  });
}

function keepingOf({ principal, correlationId, deadline }: AuthenticatedContext): Keeping {
  const { programmes } = principal;
  return { actor: actorOf(principal), correlation: correlationId, deadline, programmes };
}

interface Given {
  readonly roles: readonly { readonly role: string; readonly programme?: string | undefined }[];
}

function rolesIn({ roles }: Given): readonly HeldRole[] {
  return roles.map(({ role, programme }) => ({ role, programme: programme ?? null }));
}

/** As much of the person as concerns whoever reaches the programmes. */
function answerOf(
  { id, label, isActive, roles }: Person,
  reach: { readonly programmes: readonly string[] | null },
  lastSeenAt: number | undefined,
): PersonAnswer {
  return {
    person: id,
    label: label ?? null,
    deactivated: !isActive,
    roles: roles
      .filter((held) => reachesRole(reach, held))
      .map(({ role, programme }) => ({ role, programme })),
    lastSeenAt: lastSeenAt === undefined ? null : fields.formatInstant(lastSeenAt),
  };
}

import type { EventStore } from "@taem/event-store";
import { cutOf, Reach, type ReachTools, unlessRefused } from "@taem/host";
import { ApiError, pageFrom, type Route, route } from "@taem/http";
import type { Transactional } from "@taem/postgres";
import type { Members } from "../application/members.ts";
import { countParkedMembers, membersBefore } from "../read-model/members-before.ts";
import { membersProjection } from "../read-model/members-projection.ts";
import type { ProgrammeDirectory } from "./member-routes.ts";
import { members as described, memberBody } from "./members.ts";

export interface MemberListOptions extends ReachTools {
  readonly database: Transactional;
  readonly store: EventStore;
  readonly members: Members;
  readonly programmes: Pick<ProgrammeDirectory, "named">;
}

/** That a member is there, the read model says; who one is, the log itself, where ids of people are keyed hashes. */
export function memberListRoute({ members, programmes, ...tools }: MemberListOptions): Route {
  const { database, store } = tools;
  const reach = new Reach(tools);
  const projection = membersProjection();
  return route({
    ...described.list,
    handler: async ({ params, query }, { deadline }) => {
      const { externalId, limit, cursor } = query;
      if (externalId !== undefined && cursor !== undefined)
        throw new ApiError("conflicting_fields", {
          detail: "query /cursor: there is one page of one member",
        });
      const { id: programme } = await programmes.named(params.programme);
      const found =
        externalId === undefined
          ? undefined
          : await unlessRefused(members.resolve(programme, { externalId }), "member_unknown");
      const read = () =>
        database.transaction(
          async (sql) => ({
            cut: await cutOf(sql, projection),
            parked: await countParkedMembers(sql, store, programme),
            rows: externalId === undefined ? await membersBefore(sql, programme, limit + 1, cursor?.[0]) : [],
          }),
          { snapshot: true },
        );
      const reading = { read, upTo: ({ cut }: Awaited<ReturnType<typeof read>>) => cut.position };
      const { cut, parked, rows } =
        externalId === undefined
          ? await reach.whole({ ...query, programme }, deadline, reading)
          : await reach.everywhere(programme, query, deadline, reading);
      const page = pageFrom(found === undefined ? rows : [found], limit, ({ id }) => [id], memberBody);
      return { status: 200, body: { cut, parked, ...page } };
    },
  });
}

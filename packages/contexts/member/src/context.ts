import { defineContext } from "@taem/host";
import { memberApi } from "./api/index.ts";
import { memberListRoute } from "./api/member-list-route.ts";
import { memberRoutes, type ProgrammeDirectory } from "./api/member-routes.ts";
import { Enrolments } from "./application/enrolments.ts";
import { Members } from "./application/members.ts";
import { member as category, referenceReservations } from "./events.ts";
import { MEMBERS, membersProjection } from "./read-model/members-projection.ts";

/** Members: who they are in a programme, and by which names of others they are known. */
export const member = defineContext({
  name: "member",
  api: memberApi,
  categories: [category, referenceReservations],
  readModels: () => [membersProjection()],
  open: (process, ports: { readonly programmes: ProgrammeDirectory }) => {
    const members = new Members(process);
    const enrolments = new Enrolments(process, members);
    return {
      ports: { members, enrolments },
      commands: () =>
        memberRoutes({ members, enrolments, programmes: ports.programmes, now: () => process.clock.now() }),
      queries: (projectors) => {
        const projector = projectors.get(MEMBERS);
        if (projector === undefined) return [];
        return [
          memberListRoute({
            ...process,
            database: process.readModels,
            projector,
            members,
            programmes: ports.programmes,
          }),
        ];
      },
    };
  },
});

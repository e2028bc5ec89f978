import type { EventStore } from "@taem/event-store";
import { ApiError, fields, pageFrom, type Route, route } from "@taem/http";
import type { Database } from "@taem/postgres";
import { programmeBody } from "@taem/programme/api";
import type { Programme } from "@taem/programme/definitions";
import type { Directory } from "../application/directory.ts";
import { readModelCut } from "../queries/cut.ts";
import { countParkedMembers } from "../queries/parked-accounts.ts";
import { type MemberRow, membersBefore, programmeCodes } from "../queries/registers.ts";
import { cutBody } from "./answers.ts";
import { registers } from "./registers.ts";
import type { Requests } from "./request.ts";

export interface RegisterRoutesPlatform {
  readonly database: Database;
  readonly store: Pick<EventStore, "read">;
  readonly directory: Directory;
  readonly requests: Requests;
}

/** That a programme or a member is there, the read model says; what a programme is, its own stream. */
export function registerRoutes(platform: RegisterRoutesPlatform): Route[] {
  return [programmesRoute(platform), membersRoute(platform)];
}

function programmesRoute({ database, directory, requests }: RegisterRoutesPlatform): Route {
  return route({
    ...registers.programmes,
    handler: async ({ query: { consistency, limit, cursor } }, { principal, deadline, signal }) => {
      if (consistency === "strong") await requests.reach.head(deadline);
      const { cut, codes } = await database.transaction(
        async (sql) => ({
          cut: await readModelCut(sql),
          codes: await programmeCodes(sql, principal.programmes, limit + 1, cursor?.[0]),
        }),
        { snapshot: true },
      );
      const { items, ...rest } = pageFrom(
        codes,
        limit,
        (code) => [code],
        (code) => code,
      );
      const programmes: Programme[] = [];
      for (const code of items) {
        signal.throwIfAborted();
        const programme = await directory.programme(code);
        if (programme !== undefined) programmes.push(programme);
      }
      const body = { cut: cutBody(cut), items: programmes.map(programmeBody), ...rest };
      return { status: 200, body };
    },
  });
}

function membersRoute({ database, store, directory, requests }: RegisterRoutesPlatform): Route {
  return route({
    ...registers.members,
    handler: async ({ params, query }, { deadline }) => {
      const { externalId, limit, cursor } = query;
      if (externalId !== undefined && cursor !== undefined)
        throw new ApiError("conflicting_fields", {
          detail: "query /cursor: there is one page of one member",
        });
      const programme = await requests.programme(params.programme);
      await requests.reach.everywhere(programme.id, query, deadline);
      // From the log itself, where ids of people are keyed hashes.
      const found = externalId === undefined ? undefined : await directory.member(programme, { externalId });
      const { cut, parked, rows } = await database.transaction(
        async (sql) => ({
          cut: await readModelCut(sql),
          parked: await countParkedMembers(sql, store, programme.id),
          rows:
            externalId === undefined ? await membersBefore(sql, programme.id, limit + 1, cursor?.[0]) : [],
        }),
        { snapshot: true },
      );
      const known: MemberRow[] = found === undefined ? rows : [[found.id, BigInt(found.enrolledAt)]];
      const page = pageFrom(
        known,
        limit,
        ([member]) => [member],
        ([member, enrolledAt]) => ({ member, enrolledAt: fields.formatInstant(Number(enrolledAt)) }),
      );
      return { status: 200, body: { cut: cutBody(cut), parked, ...page } };
    },
  });
}

import { cutOf, Reach, type ReachTools, unlessRefused } from "@taem/host";
import { pageFrom, type Route, route } from "@taem/http";
import type { Transactional } from "@taem/postgres";
import type { Programmes } from "../application/programmes.ts";
import type { Programme } from "../definitions.ts";
import { programmeCodes } from "../read-model/programme-codes.ts";
import { programmesProjection } from "../read-model/programmes-projection.ts";
import { programmeBody } from "./programme-body.ts";
import { programmeList } from "./programme-list.ts";

export interface ProgrammeListOptions extends ReachTools {
  readonly database: Transactional;
  readonly programmes: Programmes;
}

/** That a programme is there, the read model says; what it is, its own stream. */
export function programmeListRoute({ database, programmes, ...tools }: ProgrammeListOptions): Route {
  const reach = new Reach(tools);
  const projection = programmesProjection();
  return route({
    ...programmeList.programmes,
    handler: async ({ query: { consistency, limit, cursor } }, { principal, deadline, signal }) => {
      const asked = { programme: undefined, token: undefined, consistency };
      const { cut, codes } = await reach.whole(asked, deadline, {
        read: () =>
          database.transaction(
            async (sql) => ({
              cut: await cutOf(sql, projection),
              codes: await programmeCodes(sql, principal.programmes, limit + 1, cursor?.[0]),
            }),
            { snapshot: true },
          ),
        upTo: ({ cut }) => cut.position,
      });
      const { items, ...rest } = pageFrom(
        codes,
        limit,
        (code) => [code],
        (code) => code,
      );
      const found: Programme[] = [];
      for (const code of items) {
        signal.throwIfAborted();
        const programme = await unlessRefused(programmes.get(code), "programme_unknown");
        if (programme !== undefined) found.push(programme);
      }
      return { status: 200, body: { cut, items: found.map(programmeBody), ...rest } };
    },
  });
}

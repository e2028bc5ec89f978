import { type Route, route } from "@taem/http";
import type { Transactional } from "@taem/postgres";
import { systemsInUse } from "../queries/client-activity.ts";
import { readModelCut } from "../queries/cut.ts";
import { countParkedAccounts } from "../queries/parked-accounts.ts";
import type { Requests } from "./request.ts";
import { sources } from "./sources.ts";

export interface SourceRoutesPlatform {
  readonly database: Transactional;
  readonly requests: Requests;
}

/** What is declared from the programme itself, what is in use from the read model. */
export function sourceRoutes({ database, requests }: SourceRoutesPlatform): Route[] {
  return [
    route({
      ...sources.list,
      handler: async ({ params, query }, { deadline }) => {
        const programme = await requests.newestProgramme(params.programme);
        const { used, parked } = await requests.reach.everywhere(programme.id, query, deadline, {
          read: () =>
            database.transaction(
              async (sql) => ({
                cut: await readModelCut(sql),
                used: await systemsInUse(sql, programme.id),
                parked: await countParkedAccounts(sql, programme.id),
              }),
              { snapshot: true },
            ),
          upTo: ({ cut }) => cut.position,
        });
        const items = [...new Set([...programme.sources.keys(), ...used.keys()])].sort().map((system) => {
          const declared = programme.sources.get(system);
          const use = used.get(system);
          return {
            system,
            keys: declared?.scope ?? ("account" as const),
            declared: declared?.isDeclared ?? false,
            retired: declared?.isRetired ?? false,
            commands: use?.commands ?? 0,
            firstUsed: use?.first ?? null,
            lastUsed: use?.last ?? null,
          };
        });
        return { status: 200, body: { parked, items } };
      },
    }),
  ];
}

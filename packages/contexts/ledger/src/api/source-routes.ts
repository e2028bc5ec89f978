import { type Route, route } from "@taem/http";
import type { Database } from "@taem/postgres";
import { systemsInUse } from "../queries/client-activity.ts";
import { countParkedAccounts } from "../queries/parked-accounts.ts";
import type { Requests } from "./request.ts";
import { sources } from "./sources.ts";

export interface SourceRoutesPlatform {
  readonly database: Database;
  readonly requests: Requests;
}

/** What is declared from the programme itself, what is in use from the read model. */
export function sourceRoutes({ database, requests }: SourceRoutesPlatform): Route[] {
  return [
    route({
      ...sources.list,
      handler: async ({ params, query }, { deadline }) => {
        const programme = await requests.newestProgramme(params.programme);
        await requests.reach.everywhere(programme.id, query, deadline);
        const used = await systemsInUse(database, programme.id);
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
        const parked = await countParkedAccounts(database, programme.id);
        return { status: 200, body: { parked, items } };
      },
    }),
  ];
}

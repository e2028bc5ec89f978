import { defineContext } from "@taem/host";
import { type ClientRoutesOptions, clientRoutes } from "./api/client-routes.ts";
import { principalApi } from "./api/index.ts";
import { peopleListRoute, personRoutes } from "./api/person-routes.ts";
import { Authenticator } from "./authenticator.ts";
import { Callers } from "./callers.ts";
import { Clients } from "./clients.ts";
import { adoptEarlierKeys } from "./earlier-keys.ts";
import { client, person } from "./events.ts";
import { KeyUses, principalMigrations } from "./key-uses.ts";
import { People } from "./people.ts";
import { PEOPLE, peopleProjection } from "./read-model/people-projection.ts";
import { requireSecond } from "./second-principal.ts";
import { SignedPeople } from "./signed-people.ts";
import { Statements } from "./statement.ts";

/** Principals: who calls, by which keys, and what they may do. */
export const principal = defineContext({
  name: "principal",
  api: principalApi,
  categories: [client, person],
  readModels: () => [peopleProjection()],
  migrations: { auth: principalMigrations },
  adopt: async ({ database, store, logger, permissions }) => {
    const adopted = await adoptEarlierKeys(database, store, permissions);
    if (adopted > 0) logger.info({ clients: adopted }, "API keys of an earlier version are clients now");
  },
  open: (process, ports: Pick<ClientRoutesOptions, "clientsAfter">) => {
    const { database, store, clock, logger, permissions } = process;
    const uses = new KeyUses(database, logger);
    const lastUses = (keys: readonly string[]) => uses.lastUses(keys);
    const statements = new Statements(process);
    return {
      ports: {
        requireSecond: (requestedBy: string, approver: string) => requireSecond(store, requestedBy, approver),
      },
      commands: () => [
        ...clientRoutes({
          clients: new Clients({ handler: process.handler(), now: () => clock.now() }),
          lastUses,
          clientsAfter: ports.clientsAfter,
          permissions,
        }),
        ...personRoutes({ people: new People({ handler: process.handler(), store }), lastUses }),
      ],
      queries: (projectors) => {
        const projector = projectors.get(PEOPLE);
        return projector === undefined ? [] : [peopleListRoute({ ...process, projector, lastUses })];
      },
      apiKeys: new Callers(
        new Authenticator({ store, clock, uses, permissions }),
        new SignedPeople({ store, statements, clock, uses, permissions }),
      ),
      close: () => uses.close(),
    };
  },
});

import { defineContext } from "@taem/host";
import { clientListRoute, clientRoutes } from "./api/client-routes.ts";
import { principalApi } from "./api/index.ts";
import { peopleListRoute, personRoutes } from "./api/person-routes.ts";
import { Authenticator } from "./authenticator.ts";
import { Callers } from "./callers.ts";
import { Clients } from "./clients.ts";
import { adoptEarlierKeys } from "./earlier-keys.ts";
import { client, person } from "./events.ts";
import { KeyUses, principalMigrations } from "./key-uses.ts";
import { People } from "./people.ts";
import { CLIENTS, clientsProjection } from "./read-model/clients-projection.ts";
import { PEOPLE, peopleProjection } from "./read-model/people-projection.ts";
import { requireSecond } from "./second-principal.ts";
import { SignedPeople } from "./signed-people.ts";
import { Statements } from "./statement.ts";

/** Principals: who calls, by which keys, and what they may do. */
export const principal = defineContext({
  name: "principal",
  api: principalApi,
  categories: [client, person],
  readModels: () => [clientsProjection(), peopleProjection()],
  migrations: { auth: principalMigrations },
  adopt: async ({ database, store, logger, permissions }) => {
    const adopted = await adoptEarlierKeys(database, store, permissions);
    if (adopted > 0) logger.info({ clients: adopted }, "API keys of an earlier version are clients now");
  },
  open: (process) => {
    const { readModels, store, clock, logger, permissions } = process;
    const uses = new KeyUses(readModels, logger);
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
          permissions,
        }),
        ...personRoutes({ people: new People({ handler: process.handler(), store }), lastUses }),
      ],
      queries: (projectors) => {
        const [clients, people] = [projectors.get(CLIENTS), projectors.get(PEOPLE)];
        if (clients === undefined || people === undefined) return [];
        const reading = { ...process, database: readModels };
        return [
          clientListRoute({ ...reading, projector: clients, lastUses }),
          peopleListRoute({ ...reading, projector: people, lastUses }),
        ];
      },
      apiKeys: new Callers(
        new Authenticator({ store, clock, uses, permissions }),
        new SignedPeople({ store, statements, clock, uses, permissions }),
      ),
      close: () => uses.close(),
    };
  },
});

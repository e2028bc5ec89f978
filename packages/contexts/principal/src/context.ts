import { defineContext } from "@taem/host";
import { type ClientRoutesOptions, clientRoutes } from "./api/client-routes.ts";
import { principalApi } from "./api/index.ts";
import { Authenticator } from "./authenticator.ts";
import { Clients } from "./clients.ts";
import { adoptEarlierKeys } from "./earlier-keys.ts";
import { client } from "./events.ts";
import { KeyUses, principalMigrations } from "./key-uses.ts";
import { requireSecond } from "./second-principal.ts";

/** Principals: who calls, by which keys, and what they may do. */
export const principal = defineContext({
  name: "principal",
  api: principalApi,
  categories: [client],
  migrations: { auth: principalMigrations },
  adopt: async ({ database, store, logger, permissions }) => {
    const adopted = await adoptEarlierKeys(database, store, permissions);
    if (adopted > 0) logger.info({ clients: adopted }, "API keys of an earlier version are clients now");
  },
  open: (process, ports: Pick<ClientRoutesOptions, "clientsAfter">) => {
    const { database, store, clock, logger, permissions } = process;
    const uses = new KeyUses(database, logger);
    return {
      ports: {
        requireSecond: (requestedBy: string, approver: string) => requireSecond(store, requestedBy, approver),
      },
      commands: () =>
        clientRoutes({
          clients: new Clients({ handler: process.handler(), now: () => clock.now() }),
          lastUses: (keys) => uses.lastUses(keys),
          clientsAfter: ports.clientsAfter,
          permissions,
        }),
      apiKeys: new Authenticator({ store, clock, uses, permissions }),
      close: () => uses.close(),
    };
  },
});

import { defineContext } from "@taem/host";
import { bulkRoutes } from "./api/bulk-routes.ts";
import { commandRoutes } from "./api/command-routes.ts";
import { ledgerApi } from "./api/index.ts";
import { queryRoutes } from "./api/query-routes.ts";
import { accountAggregate } from "./application/account-aggregate.ts";
import type { ActivityOn } from "./application/client-days.ts";
import { type CommandPorts, CommandService } from "./application/command-service.ts";
import { directoryOf } from "./application/directory.ts";
import { account, keyReservations } from "./events.ts";
import { activityOn, isSystemInUse } from "./queries/client-activity.ts";
import { ledgerMigrations } from "./reactions/migrations.ts";
import { type AccountKeeper, createRunners } from "./reactions/runners.ts";
import { sweeps } from "./reactions/sweeps.ts";
import { transfers } from "./reactions/transfers.ts";
import { createLedgerProjection } from "./read-model/ledger-projection.ts";
import { LEDGER } from "./read-model/schema.ts";

/** Of others; and of itself, so that whoever hosts it may put another in its place. */
interface Needed extends CommandPorts {
  readonly accountKeeper: AccountKeeper;
}

/** Accounts of points: what members earn, spend, hold, move and owe, and what of it is due. */
export const ledger = defineContext({
  name: "ledger",
  api: ledgerApi,
  categories: [account, keyReservations],
  snapshotted: [{ category: account, aggregate: accountAggregate }],
  migrations: { ledger: ledgerMigrations },
  readModels: (store) => [createLedgerProjection({ store })],
  reactors: [sweeps, transfers],
  open: (process, ports: Needed) => {
    const { readModels, store } = process;
    let service: CommandService | undefined;
    const commands = () => {
      service ??= new CommandService({ ...process, handler: process.handler() }, ports);
      return service;
    };
    const accountKeeper: AccountKeeper = {
      // Nothing is swept by a clock that may be wrong.
      now: async (programme) => {
        await process.assertClocksAgree();
        return await commands().now(programme);
      },
      sweep: (account, caller) => commands().sweep(account, caller),
      completeTransfer: (transfer, caller) => commands().completeTransfer(transfer, caller),
    };
    return {
      ports: {
        accountKeeper,
        activityOn: (...client: Parameters<ActivityOn>) => activityOn(readModels, ...client),
        isSystemInUse: (programme: string, system: string) =>
          isSystemInUse({ database: readModels, store }, programme, system),
      },
      commands: () => [...commandRoutes(commands()), ...bulkRoutes(commands())],
      queries: (projectors) => {
        const projector = projectors.get(LEDGER);
        if (projector === undefined) return [];
        return queryRoutes({
          ...process,
          database: readModels,
          projector,
          directory: directoryOf(ports.programmes, ports.members),
        });
      },
      reactions: () => createRunners(process, ports.accountKeeper),
    };
  },
});

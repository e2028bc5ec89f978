import { Tokens } from "@taem/api";
import { CommandHandler, OutcomeUnknown, StoreUnavailable } from "@taem/event-store";
import type { Route } from "@taem/http";
import { Clients } from "@taem/principal";
import { newId, randomId } from "@taem/runtime";
import { appendTrail } from "./append-trail.ts";
import { CommandService } from "./command-service.ts";
import type { CommandsPlatform } from "./platform.ts";
import { bulkRoutes } from "./routes/bulk-routes.ts";
import { clientRoutes } from "./routes/client-routes.ts";
import { commandRoutes } from "./routes/command-routes.ts";
import { definitionRoutes } from "./routes/definition-routes.ts";

export type { AccountRef } from "./accounts.ts";
export { asProblem, type CommandService } from "./command-service.ts";
export type { Caller, CommandsPlatform } from "./platform.ts";

export interface CommandsConfig {
  /** Commands waiting at most before new ones are refused as `overloaded`. */
  readonly maxQueued?: number;
  /** Bytes of account state kept in memory at most. */
  readonly cacheBytes?: number;
}

export interface Commands {
  readonly routes: readonly Route[];
  readonly service: CommandService;
  /** Finishes what has begun. The store stays open. */
  close(): Promise<void>;
}

/** The write side: decides commands and appends their events. Several on one store are as correct as one. */
export function createCommands(platform: CommandsPlatform, config: CommandsConfig = {}): Commands {
  const { store, clock, logger } = platform;
  const { lastUses = async () => new Map(), clientsAfter = async () => undefined } = platform;
  const handler = new CommandHandler({
    store,
    newId: randomId,
    now: () => clock.now(),
    ...config,
    barred: () => {
      const barred = platform.barred?.();
      return barred && new StoreUnavailable(barred);
    },
    onAppended: appendTrail(platform),
    onError: (err, stream) => {
      const message = "a stream's commands failed";
      // A store that is away comes back, and callers are told to repeat: no fault of the program, so no stack.
      const isPassing = err instanceof StoreUnavailable || err instanceof OutcomeUnknown;
      if (isPassing) logger.warn({ reason: err.message, stream }, message);
      else logger.error({ err, stream }, message);
    },
  });
  const service = new CommandService({ ...platform, handler, newId, tokens: new Tokens(platform) });
  const now = () => clock.now();
  return {
    // The busiest first: routes are matched in their order.
    routes: [
      ...commandRoutes(service),
      ...bulkRoutes(service),
      ...definitionRoutes(service, now),
      ...clientRoutes({ clients: new Clients({ handler, now }), lastUses, clientsAfter }),
    ],
    service,
    close: () => handler.close(),
  };
}

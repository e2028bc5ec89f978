import { createCommands } from "@taem/commands-service";
import { createServer, type Server } from "@taem/http";
import { activityOn, clientsAfter, createLedger, isSystemInUse } from "@taem/ledger-service";
import { Authenticator, KeyUses } from "@taem/principal";
import { createScheduler } from "@taem/scheduler-service";
import { type Config, serviceNameOf } from "./config.ts";
import { directoryOf } from "./directory.ts";
import { keeperOf } from "./keeper.ts";
import { LogWatch } from "./log-watch.ts";
import type { Platform } from "./platform.ts";
import { whoReadAnotherLog } from "./readers.ts";
import { openTracer } from "./tracing.ts";
import { openTransport } from "./transport.ts";

/** Every service in one process, behind one address. */
export interface Program extends AsyncDisposable {
  /** Where the API is served. */
  readonly url: string;
  readonly server: Server;
}

/** Composes the services on the platform and serves them. */
export async function startProgram(given: Platform, config: Config): Promise<Program> {
  await using undo = new AsyncDisposableStack();
  const tracer = undo.use(await openTracer(config, serviceNameOf(config), given.logger));
  const platform = { ...given, tracer };
  const { database, store, logger, metrics, health, clock } = platform;
  const watch = new LogWatch(async () => {
    // A clock that was doubted is so until it is compared again.
    await given.clocks.assertAgreed().catch(() => undefined);
    return await whoReadAnotherLog(platform, config);
  }, logger);
  watch.start();
  undo.defer(() => watch.stop());
  const uses = new KeyUses(database, logger);
  undo.defer(() => uses.close());
  const commands = createCommands({
    ...platform,
    barred: () => watch.found ?? given.clocks.doubt,
    lastUses: (keys) => uses.lastUses(keys),
    clientsAfter: (...page) => clientsAfter(database, ...page),
    isSystemInUse: (programme, system) => isSystemInUse(platform, programme, system),
    activityOn: (...client) => activityOn(database, ...client),
  });
  const readers: { assertOfThisLog(): void }[] = [];
  undo.defer(() => commands.close());
  const besideWriters = config.TAEM_SERVICES.includes("commands");
  const routes = besideWriters ? [...commands.routes] : [];
  const { kafka, source } = await openTransport(config, platform);
  if (config.TAEM_SERVICES.includes("relay") && kafka !== undefined) {
    const { Relay } = await import("@taem/relay-service");
    const relay = new Relay({ ...platform, ...kafka });
    await relay.start();
    readers.push(relay);
    undo.defer(() => relay.stop());
  }
  if (config.TAEM_SERVICES.includes("ledger")) {
    const ledger = createLedger({
      ...platform,
      directory: directoryOf(commands.service),
      source,
      besideWriters,
    });
    await ledger.projection.start();
    readers.push(ledger.projection);
    undo.defer(() => ledger.close());
    routes.push(...ledger.routes);
  }
  if (config.TAEM_SERVICES.includes("scheduler")) {
    const scheduler = createScheduler(
      { ...platform, source, besideWriters },
      keeperOf(commands.service, platform),
    );
    await scheduler.start();
    readers.push(scheduler.projector);
    undo.defer(() => scheduler.stop());
  }
  health.addLiveness("log", () => {
    if (watch.found !== undefined) throw watch.found;
  });
  health.addReadiness("log", () => {
    if (watch.found !== undefined) throw watch.found;
    for (const reader of readers) reader.assertOfThisLog();
  });
  const server = undo.use(
    createServer({
      info: {
        title: "Taem",
        version: "1",
        description: "A points ledger: the system of record behind loyalty programmes.",
      },
      routes,
      apiKeys: new Authenticator({ store, clock, uses }),
      logger,
      metrics,
      health,
      clock,
      tracer,
      trustedProxies: config.TAEM_TRUSTED_PROXIES,
    }),
  );
  const url = await server.listen(config.TAEM_PORT, config.TAEM_HOST);
  const started = undo.move();
  return { url, server, [Symbol.asyncDispose]: () => started.disposeAsync() };
}
